"""The why answers for contacts and attempts in each state, and only for their tenant."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from shared.db.api import suppressions
from shared.domain.calendar.zones import tzdata_version
from shared.domain.decision.gates import CALL_UP_DELAY
from shared.domain.outcomes import Outcome
from tests.support.api import ALWAYS, Api
from tests.support.why_situations import FREE, a_call, a_contact

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
NUMBER = "+12125550101"
ALL_DAY = {"calendar": {"windows": [ALWAYS]}}


async def a_callable_contact(api: Api, **changes: Any) -> int:
    return await a_contact(api, NUMBER, **(ALL_DAY | FREE | changes))


async def an_attempt(
    api: Api, contact_id: int, state: str, *, stopped_by: str | None = None
) -> UUID:
    attempt_id = uuid7()
    await api.pool.execute(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            revisit_at, ended_at, number, state, tzdata_version, rules, reason, stopped_by, phone)
        SELECT tenant_id, $1, campaign_id, id, $3::timestamptz, $3 + interval '1 hour',
            CASE WHEN $4 = 'claimed' THEN $3 END, CASE WHEN $4 = 'dropped' THEN $3 END,
            1, $4, '2026b', 'CA@2026-11-01 US@2026-11-21',
            CASE WHEN $4 = 'dropped' THEN 'frequency_cap' END, $5,
            CASE WHEN $4 = 'claimed' THEN number END
        FROM contacts WHERE id = $2
        """,
        attempt_id,
        contact_id,
        NOW,
        state,
        stopped_by,
    )
    return attempt_id


async def why(api: Api, contact_id: int) -> dict[str, Any]:
    return await api.get(f"/v1/contacts/{contact_id}/why")


async def test_a_contact_that_may_be_called_waits_for_pacing_under_its_caps(api: Api) -> None:
    contact_id = await a_callable_contact(api, caps={"max_concurrent": 7})

    answer = await why(api, contact_id)

    assert (answer["allowed"], answer["waits_for"], answer["blocks"]) == (True, "pacing", [])
    assert answer["binding"] is None
    assert answer["next_at"] == answer["at"]
    campaign, *others = answer["capacity"]
    assert campaign == {
        "scope": "campaign",
        "trunk": None,
        "max_concurrent": 7,
        "calls_per_second": None,
        "claimed": 0,
        "dialed": 0,
    }
    assert [scope["scope"] for scope in others] == ["tenant", "trunk", "installation"]
    assert (answer["zones"], answer["zone_source"]) == (["America/New_York"], "number")
    assert (answer["jurisdictions"], answer["jurisdiction_source"]) == (["US-NY"], "number")
    assert answer["tzdata_version"] == tzdata_version()
    assert all(rule.startswith("US@") for rule in answer["rules"])


async def test_a_live_attempt_is_named(api: Api) -> None:
    contact_id = await a_callable_contact(api)
    attempt_id = await an_attempt(api, contact_id, "claimed")
    await api.pool.execute("UPDATE contacts SET state = 'active' WHERE id = $1", contact_id)

    answer = await why(api, contact_id)

    assert (answer["attempt"]["id"], answer["attempt"]["state"]) == (str(attempt_id), "claimed")
    assert [(block["gate"], block["detail"]) for block in answer["blocks"]] == [
        ("contact", {"state": "active"})
    ]
    assert (answer["allowed"], answer["next_at"], answer["capacity"]) == (False, None, [])


async def test_a_person_whom_another_campaign_calls_waits_for_the_end_of_that_call(
    api: Api,
) -> None:
    waiting, called = await a_callable_contact(api), await a_callable_contact(api)
    attempt_id = await an_attempt(api, called, "claimed")
    await api.pool.execute("UPDATE contacts SET state = 'active' WHERE id = $1", called)

    during = await why(api, waiting)
    await api.pool.execute(
        "UPDATE attempts SET state = 'dropped', revisit_at = NULL, ended_at = $2 WHERE id = $1",
        attempt_id,
        NOW,
    )

    assert [block["gate"] for block in during["blocks"]] == ["call_up"]
    assert (during["allowed"], during["capacity"]) == (False, [])
    next_at, at = (datetime.fromisoformat(during[field]) for field in ("next_at", "at"))
    assert next_at == at + CALL_UP_DELAY
    assert (await why(api, waiting))["allowed"]


async def test_a_campaign_counts_its_people_whom_another_campaign_calls(api: Api) -> None:
    waiting, called = await a_callable_contact(api), await a_callable_contact(api)
    campaign_id = (await why(api, waiting))["campaign_id"]
    await an_attempt(api, called, "claimed")
    await api.pool.execute("UPDATE contacts SET state = 'active' WHERE id = $1", called)

    answer = await api.get(f"/v1/campaigns/{campaign_id}/why")

    [entry] = answer["waiting"]
    assert (entry["reason"], entry["contacts"], entry["opens_at"]) == ("call_up", 1, None)


async def test_a_finished_contact_shows_how_it_ended(api: Api) -> None:
    contact_id = await a_callable_contact(api)
    await api.pool.execute(
        "UPDATE contacts SET state = 'finished', outcome = 'busy' WHERE id = $1", contact_id
    )

    answer = await why(api, contact_id)

    assert (answer["state"], answer["outcome"], answer["allowed"]) == ("finished", "busy", False)
    assert answer["binding"]["detail"] == {"state": "finished", "outcome": "busy"}


async def test_a_paused_campaign_is_the_reason_from_its_command_on(api: Api) -> None:
    contact_id = await a_callable_contact(api)
    campaign_id = (await why(api, contact_id))["campaign_id"]

    await api.post(f"/v1/campaigns/{campaign_id}/pause", status=202)

    answer = await why(api, contact_id)
    assert answer["binding"]["gate"] == "campaign"
    assert answer["binding"]["detail"] == {"state": "paused"}


async def test_of_two_suppressions_the_longer_is_shown_with_its_list(api: Api) -> None:
    contact_id = await a_callable_contact(api)
    campaign_id = (await why(api, contact_id))["campaign_id"]
    until = NOW + timedelta(days=9)
    for list_, expires_at in ((campaign_id, NOW + HOUR), (0, until)):
        await suppressions.put(
            api.pool,
            tenant_id=api.tenant_id,
            campaign_id=list_,
            number=NUMBER,
            reason=f"list {list_}",
            expires_at=expires_at,
        )

    answer = await why(api, contact_id)

    (block,) = answer["blocks"]
    since = await api.pool.fetchval("SELECT created_at FROM suppressions WHERE campaign_id = 0")
    assert block["detail"] == {
        "reason": "list 0",
        "list": "all campaigns",
        "since": since.isoformat(),
    }
    assert datetime.fromisoformat(answer["next_at"]) == until


async def test_an_excluded_contact_is_shown_with_the_suppression(api: Api) -> None:
    body = {"number": NUMBER, "reason": "opt_out"}
    await api.post("/v1/suppressions", body, status=201)
    contact_id = await a_callable_contact(api)

    answer = await why(api, contact_id)

    assert [block["gate"] for block in answer["blocks"]] == ["contact", "suppression"]
    assert (answer["outcome"], answer["next_at"]) == ("excluded", None)


async def test_a_blackout_that_begins_before_the_opening_puts_it_off(api: Api) -> None:
    contact_id = await a_callable_contact(api)
    await api.pool.execute(
        "UPDATE contacts SET not_before = $2, waits_for = 'retry' WHERE id = $1",
        contact_id,
        NOW + 2 * HOUR,
    )
    await api.pool.execute(
        "INSERT INTO blackouts (starts_at, ends_at, reason) VALUES ($1, $2, 'storm')",
        NOW + HOUR,
        NOW + 5 * HOUR,
    )

    answer = await why(api, contact_id)

    assert [block["gate"] for block in answer["blocks"]] == ["wait"]
    assert datetime.fromisoformat(answer["next_at"]) == NOW + 5 * HOUR


async def test_calls_are_looked_at_only_where_a_limit_counts_them(api: Api) -> None:
    free = await a_callable_contact(api)
    cap = {"max_calls": 1, "hours": 24, "by": "person"}
    capped = await a_callable_contact(api, frequency_caps=[cap])
    await a_call(api, free, at=NOW - HOUR, outcome=Outcome.BUSY)

    assert (await why(api, free))["allowed"]
    answer = await why(api, capped)

    assert answer["binding"]["gate"] == "frequency_cap"
    assert answer["binding"]["rule"] is None
    assert answer["binding"]["detail"] == {
        "counted": 1,
        "max_calls": 1,
        "since": (NOW - HOUR).isoformat(),
        "by": "person",
        "hours": 24,
        "calls": (NOW - HOUR).isoformat(),
    }
    assert datetime.fromisoformat(answer["next_at"]) == NOW + 23 * HOUR


async def test_an_attempt_shows_the_rules_and_zone_data_that_allowed_it(api: Api) -> None:
    contact_id = await a_callable_contact(api)
    attempt_id = await an_attempt(api, contact_id, "claimed")

    answer = await api.get(f"/v1/attempts/{attempt_id}/why")

    assert answer["rules"] == ["CA@2026-11-01", "US@2026-11-21"]
    assert (answer["tzdata_version"], answer["number"], answer["stopped"]) == ("2026b", 1, None)
    assert datetime.fromisoformat(answer["window_closes_at"]) == NOW + HOUR
    assert answer["contact"]["contact_id"] == contact_id
    assert answer["contact"]["attempt"]["id"] == str(attempt_id)


async def test_a_dropped_attempt_shows_the_rule_that_stopped_it(api: Api) -> None:
    contact_id = await a_callable_contact(api)
    attempt_id = await an_attempt(api, contact_id, "dropped", stopped_by="us-fl.3in24")

    answer = await api.get(f"/v1/attempts/{attempt_id}/why")

    stopped = answer["stopped"]
    assert (stopped["reason"], stopped["rule_name"]) == ("frequency_cap", "us-fl.3in24")
    assert datetime.fromisoformat(stopped["at"]) == NOW
    assert stopped["rule"]["source"] == "Fla. Stat. 501.616(6)(b)"
    assert stopped["rule"]["jurisdiction"] == "US-FL"
    assert answer["contact"]["allowed"]


async def test_a_rule_that_is_no_more_is_still_named(api: Api) -> None:
    contact_id = await a_callable_contact(api)
    attempt_id = await an_attempt(api, contact_id, "dropped", stopped_by="us-zz.gone")

    stopped = (await api.get(f"/v1/attempts/{attempt_id}/why"))["stopped"]

    assert (stopped["rule_name"], stopped["rule"]) == ("us-zz.gone", None)


async def test_no_number_is_in_any_answer(api: Api) -> None:
    contact_id = await a_callable_contact(api)
    attempt_id = await an_attempt(api, contact_id, "claimed")
    campaign_id = (await why(api, contact_id))["campaign_id"]

    for path in (
        f"/v1/contacts/{contact_id}/why",
        f"/v1/attempts/{attempt_id}/why",
        f"/v1/campaigns/{campaign_id}/why",
    ):
        response = await api.ask("GET", path)
        assert response.status_code == 200
        assert NUMBER[1:] not in response.text


@pytest.mark.parametrize("what", ["contacts", "attempts", "campaigns"])
async def test_another_tenant_gets_no_answer(api: Api, what: str) -> None:
    contact_id = await a_callable_contact(api)
    attempt_id = await an_attempt(api, contact_id, "claimed")
    campaign_id = (await why(api, contact_id))["campaign_id"]
    ids = {"contacts": contact_id, "attempts": attempt_id, "campaigns": campaign_id}
    stranger = await api.another()

    await stranger.get(f"/v1/{what}/{ids[what]}/why", status=404)
