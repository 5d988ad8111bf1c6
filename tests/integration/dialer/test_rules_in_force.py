"""A tenant's choice of rules applies to the next decision on its campaigns, and only to them."""

from datetime import UTC, datetime, timedelta

from services.scheduler.claimer import Claimer
from tests.support.api import Api
from tests.support.campaigns import a_definition, a_running_campaign, some_contacts

WHO = {"person": "Dana Reyes, compliance", "reason": "Written consent of all contacts."}
# A Wednesday, 20:30 in Florida. Florida's rule closes at 20:00, the federal rule at 21:00.
HALF_PAST_EIGHT = datetime(2026, 11, 19, 1, 30, tzinfo=UTC)
NOON = datetime(2026, 11, 18, 17, 30, tzinfo=UTC)


async def a_contact_in_florida(api: Api, *, tenant_id: int | None = None, first: int = 0) -> int:
    campaign = await a_running_campaign(
        api.pool,
        a_definition(kind="solicitation"),
        tenant_id=tenant_id or api.tenant_id,
        now=NOON,
    )
    [contact] = await some_contacts(
        api.pool,
        campaign,
        1,
        zones=["America/New_York"],
        jurisdictions=["US-FL"],
        first=first,
    )
    return contact


async def claimed(api: Api) -> list[int]:
    rows = await api.pool.fetch("SELECT contact_id FROM attempts ORDER BY id")
    return [row["contact_id"] for row in rows]


async def test_an_override_opens_an_hour_and_the_rest_of_the_law_stays(
    api: Api, claimer: Claimer
) -> None:
    contact = await a_contact_in_florida(api)
    other = await api.another()
    await a_contact_in_florida(api, tenant_id=other.tenant_id)
    await claimer.run_once(HALF_PAST_EIGHT)
    before = await claimed(api)

    answer = await api.ask("PUT", "/v1/rules/us-fl.hours/override", json=WHO)
    await claimer.run_once(HALF_PAST_EIGHT)

    assert (answer.status_code, before) == (200, [])
    assert await claimed(api) == [contact]
    [attempt] = await api.pool.fetch("SELECT rules, window_closes_at FROM attempts")
    assert attempt["rules"].startswith("US@")
    # The federal day ends at 21:00.
    assert attempt["window_closes_at"] == HALF_PAST_EIGHT + timedelta(minutes=30)


async def test_an_override_that_ended_forbids_again(api: Api, claimer: Claimer) -> None:
    await a_contact_in_florida(api)
    await api.ask("PUT", "/v1/rules/us-fl.hours/override", json=WHO)
    await api.ask("DELETE", "/v1/rules/us-fl.hours/override")

    await claimer.run_once(HALF_PAST_EIGHT)

    assert await claimed(api) == []


async def test_an_own_rule_closes_an_hour_and_is_noted_with_the_attempt(
    api: Api, claimer: Claimer
) -> None:
    contact = await a_contact_in_florida(api)
    own = {
        "name": "us-fl.lunch",
        "jurisdiction": "US-FL",
        "says": "Nobody in Florida is called at noon.",
        "source": "Our own policy 12",
        "kinds": ["solicitation"],
        "hours": {"mon-sat": "08:00-12:00, 13:00-20:00"},
    }
    await api.post("/v1/rules", own, status=201)

    await claimer.run_once(NOON)
    at_noon = await claimed(api)
    await claimer.run_once(NOON + timedelta(minutes=30))

    assert (at_noon, await claimed(api)) == ([], [contact])
    versions = await api.pool.fetchval("SELECT rules FROM attempts")
    assert "own" in versions.split()


async def test_a_rule_that_is_turned_on_counts_calls(api: Api, claimer: Claimer) -> None:
    """us.exempt-prerecorded-3in30, three calls in thirty days, is unverified and therefore off."""
    campaign = await a_running_campaign(
        api.pool,
        a_definition(kind="informational", automated=True),
        tenant_id=api.tenant_id,
        now=NOON,
    )
    [contact] = await some_contacts(api.pool, campaign, 1, zones=["America/New_York"])
    await api.pool.execute(
        """
        INSERT INTO person_calls
            (tenant_id, number, dialing_at, attempt_id, subject, outcome, ended_at)
        SELECT $1, c.number, $2::timestamptz - n * interval '1 day', uuidv7(), '', 'no_answer',
            $2::timestamptz - n * interval '1 day'
        FROM contacts c, generate_series(1, 3) n
        """,
        api.tenant_id,
        NOON,
    )
    await api.ask("PUT", "/v1/rules/us.exempt-prerecorded-3in30/turn-on", json=WHO)

    await claimer.run_once(NOON)
    turned_on = await claimed(api)
    await api.ask("DELETE", "/v1/rules/us.exempt-prerecorded-3in30/turn-on")
    await api.pool.execute("UPDATE contacts SET not_before = '-infinity'")
    await claimer.run_once(NOON)

    assert (turned_on, await claimed(api)) == ([], [contact])
