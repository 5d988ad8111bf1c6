"""The output of `outdial why` for a contact, an attempt and a campaign."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console, RenderableType

from outdial.client import Client
from outdial.errors import OutdialError
from outdial.why import command, view
from outdial.why.words import TOLD, WAITS, because, full_instant, source
from shared.domain import reasons

NOON = "2026-11-22T17:00:00+00:00"
RULE = {
    "name": "us-fl.3in24",
    "says": "At most 3 calls.",
    "source": "[Fla.] Stat. 501.616(6)(b)",
    "pack": "US@2026-11-21",
    "jurisdiction": "US-FL",
}
CONTACT: dict[str, Any] = {
    "contact_id": 4,
    "campaign_id": 2,
    "at": NOON,
    "state": "pending",
    "outcome": None,
    "attempt": None,
    "allowed": False,
    "next_at": None,
    "waits_for": None,
    "binding": None,
    "blocks": [],
    "capacity": [],
    "zones": ["America/New_York"],
    "zone_source": "number",
    "jurisdictions": ["US-FL"],
    "jurisdiction_source": "postal_code+number",
    "rules": ["US@2026-11-21"],
    "tzdata_version": "2026b",
}
ATTEMPT: dict[str, Any] = {
    "attempt_id": "0198c0de-0000-7000-8000-000000000007",
    "contact_id": 4,
    "campaign_id": 2,
    "number": 3,
    "state": "dropped",
    "outcome": None,
    "reason": "frequency_cap",
    "claimed_at": NOON,
    "dialing_at": None,
    "ended_at": NOON,
    "window_closes_at": "2026-11-23T01:00:00+00:00",
    "rules": ["US@2026-11-01"],
    "tzdata_version": "2026a",
    "stopped": {
        "reason": "frequency_cap",
        "at": NOON,
        "rule_name": "us-fl.3in24",
        "rule": RULE,
    },
    "contact": CONTACT,
}


def shown(view: RenderableType) -> str:
    output = StringIO()
    Console(file=output, width=200, markup=False, highlight=False, emoji=False).print(view)
    return output.getvalue()


def a_block(gate: str, *, rule: dict[str, str] | None = None, **detail: Any) -> dict[str, Any]:
    return {"gate": gate, "until": NOON, "rule": rule, "detail": detail}


DETAILS: dict[str, dict[str, Any]] = {
    "contact": {"state": "finished", "outcome": "no_answer"},
    "campaign": {"state": "draft"},
    "suppression": {"reason": "opt_out", "list": "all campaigns"},
    "expiry": {"expired_at": NOON},
    "budget": {"attempts": 3, "max_total": 2},
    "unknown_zone": {"source": "unknown"},
    "blackout": {"reason": "storm", "area": "US-LA"},
    "window": {"zones": "America/New_York", "zone_source": "number"},
    "law": {"zones": "America/New_York", "zone_source": "number"},
    "wait": {"for": "callback"},
    "call_up": {},
    "silence": {
        "after": "refusal",
        "outcome": "declined",
        "at": NOON,
        "by": "person",
        "local_days": 60,
    },
    "frequency_cap": {
        "counted": 4,
        "max_calls": 3,
        "since": NOON,
        "by": "subject",
        "hours": 1,
    },
}
WORDS = {
    "contact": "it is finished: no answer",
    "campaign": "the campaign has not been started",
    "suppression": "on the list of all campaigns: opt_out",
    "expiry": "the request was void at Sun 2026-11-22 12:00",
    "budget": "it has had 3 of 2 attempts",
    "unknown_zone": "nobody knows the person's time zone",
    "blackout": "black-out, US-LA: storm",
    "window": "the campaign's own hours are over",
    "law": "",
    "wait": "the person asked to be called then",
    "call_up": "another call to this person is up, or its end is not known yet",
    "silence": "silence of 60 local days after a refusal (declined) on Sun 2026-11-22 12:00, "
    "to this person",
    "frequency_cap": "4 calls counted in 1 hour, of 3 allowed, on this subject; "
    "counted from Sun 2026-11-22 12:00",
}


@pytest.mark.parametrize("gate", reasons.GATES)
def test_every_gate_has_its_words(gate: str) -> None:
    assert because(a_block(gate, **DETAILS[gate]), ["America/New_York"]) == WORDS[gate]


def test_the_words_cover_every_gate_and_every_wait() -> None:
    assert set(TOLD) == set(reasons.GATES)
    assert set(WAITS) == set(reasons.WAITS)


def test_a_rule_is_shown_with_its_source_and_version() -> None:
    text = because(a_block("law", rule=RULE), [])

    assert text == "us-fl.3in24: At most 3 calls. [[Fla.] Stat. 501.616(6)(b); US@2026-11-21]"


def test_instants_are_shown_in_the_zone_of_the_person() -> None:
    assert full_instant(NOON, ["Asia/Tokyo"]) == "Mon 2026-11-23 02:00 in Asia/Tokyo (17:00 UTC)"
    assert full_instant(NOON, []) == "Sun 2026-11-22 17:00 UTC"
    assert source("postal_code+number") == "from its postal code and from its number"


def test_the_binding_block_is_marked() -> None:
    blocks = [a_block("campaign", state="paused"), a_block("law", rule=RULE)]

    text = shown(view.contact(CONTACT | {"blocks": blocks, "binding": blocks[1]}))

    lines = [line.split()[:2] for line in text.splitlines()]
    assert [">", "law"] in lines
    assert ["campaign", "Sun"] in lines
    assert "[Fla.]" in text


def test_a_live_attempt_is_named() -> None:
    live = {"id": "0198c0de", "state": "placed", "claimed_at": NOON}

    assert "its attempt 0198c0de is placed" in shown(view.contact(CONTACT | {"attempt": live}))


def test_a_dropped_attempt_is_shown_with_the_rule_and_the_contact_now() -> None:
    text = shown(view.attempt(ATTEMPT))

    assert "number 3 of contact 4: dropped" in text
    assert "by rules US@2026-11-01, zone data 2026a" in text
    assert "stopped at Sun 2026-11-22 12:00: frequency cap, by us-fl.3in24: At most 3" in text
    assert "contact 4 of campaign 2" in text


def test_a_rule_that_is_no_more_is_named() -> None:
    stopped = ATTEMPT["stopped"] | {"rule": None}

    assert ", by us-fl.3in24" in shown(view.attempt(ATTEMPT | {"stopped": stopped}))


def test_a_campaign_is_shown_with_its_rules_of_law() -> None:
    entry = {
        "zones": ["America/New_York"],
        "zone_source": "number",
        "jurisdictions": ["US-FL"],
        "contacts": 5,
        "reason": "law",
        "rule": RULE,
        "opens_at": NOON,
    }
    why = {"campaign_id": 2, "at": NOON, "stopped": "paused", "pending": 5}

    text = shown(view.campaign(why | {"next_opens_at": NOON, "waiting": [entry]}))

    assert "5 contacts of campaign 2 wait" in text
    assert "the campaign is paused" in text
    assert "the next may be called at Sun 2026-11-22 17:00 UTC" in text
    assert "us-fl.3in24: At most 3 calls." in text


async def test_another_identifier_is_refused() -> None:
    async with Client("http://127.0.0.1:9", "od_1_k") as nobody:
        with pytest.raises(OutdialError, match="neither"):
            await command.answer_about(nobody, "+12025550123")
