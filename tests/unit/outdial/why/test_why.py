"""The output of `outdial why` for a contact, an attempt and a campaign."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console, RenderableType

from outdial.client import Client
from outdial.errors import OutdialError
from outdial.why import command, view
from outdial.why.words import TOLD, WAITS, because, full_instant, now_in, source
from shared.domain import reasons
from shared.domain.places.numbers import REMEDIES

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
    "choices": [],
    "duties": [],
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
    "choices": [],
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
    "destination": {"refused": "premium_rate", "remedy": REMEDIES["premium_rate"]},
    "suppression": {"reason": "opt_out", "list": "all campaigns", "since": NOON},
    "expiry": {"expired_at": NOON},
    "budget": {"attempts": 3, "max_total": 2},
    "missing_variable": {"variables": "city first_name"},
    "unknown_zone": {"source": "unknown"},
    "blackout": {"reason": "storm", "area": "US-LA"},
    "window": {"zones": "America/New_York", "zone_source": "number"},
    "law": {"zones": "America/New_York", "zone_source": "number"},
    "wait": {"for": "callback"},
    "trunk_down": {"trunks": "north south", "since": NOON, "cause": "unreachable"},
    "caller_id": {"named": "+12025550100"},
    "spend_ceiling": {
        "ceiling": "campaign_day",
        "currency": "USD",
        "amount": "10",
        "spent": "9.70",
        "reserved": "0.50",
        "call_most": "0.50",
    },
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
        "calls": f"{NOON} {NOON} {NOON} {NOON}",
    },
}
WORDS = {
    "contact": "it is finished: no answer",
    "campaign": "the campaign has not been started",
    "destination": REMEDIES["premium_rate"],
    "suppression": "its number has been suppressed since Sun 2026-11-22 12:00, for all campaigns: "
    "opt_out",
    "expiry": "the request expired at Sun 2026-11-22 12:00",
    "budget": "it has had 3 of 2 attempts",
    "missing_variable": "a text of the campaign needs city, first_name, which the contact lacks; "
    "give the variable a default where it is declared, or import the contact with it into another "
    "campaign",
    "unknown_zone": "the person's time zone is not known",
    "blackout": "black-out, US-LA: storm",
    "window": "outside the campaign's own hours",
    "law": "",
    "wait": "the person asked to be called then",
    "trunk_down": "no trunk of the campaign (north south) has taken a call since "
    "Sun 2026-11-22 12:00 (unreachable); no attempt is counted meanwhile",
    "caller_id": "+12025550100 shows no caller ID now: it is inactive, or all numbers of the pool "
    "are inactive or have had their calls of the hour or the day",
    "spend_ceiling": "the campaign's spend ceiling of a day is 10 USD: 9.70 are spent, 0.50 "
    "reserved for calls under way, and a call reserves 0.50",
    "call_up": "another campaign is calling this number, or the end of its call is not known yet",
    "silence": "silence of 60 local days after a refusal (declined) on Sun 2026-11-22 12:00, "
    "to this person",
    "frequency_cap": "4 calls counted in 1 hour, of 3 allowed, on this subject: on "
    + ", ".join(["Sun 2026-11-22 12:00"] * 4),
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


THANKSGIVING = "Thanksgiving Day 2026-11-26; Day After Thanksgiving 2026-11-27"


@pytest.mark.parametrize(
    ("gate", "detail", "words"),
    [
        ("law", {"holidays": THANKSGIVING}, f"holidays: {THANKSGIVING}"),
        ("law", {"shut_in": "America/Adak"}, "shut in America/Adak"),
        ("law", {"shut_in": "A B C"}, "shut in A, B, C"),
        ("law", {"shut_in": "A B C D E"}, "shut in A, B and 3 more zones"),
        (
            "window",
            {"shut_in": "UTC", "holidays": "Noël 2026-12-25", "closes_at": NOON},
            "outside the campaign's own hours; the next window ends Sun 2026-11-22 12:00; "
            "holidays: Noël 2026-12-25; shut in UTC",
        ),
    ],
)
def test_shut_hours_name_their_holidays_and_zones(
    gate: str, detail: dict[str, Any], words: str
) -> None:
    assert because(a_block(gate, **detail), ["America/New_York"]) == words


def test_hours_that_are_never_open_at_once_say_so() -> None:
    block = a_block("law", rule=RULE, shut_in="America/Adak") | {"until": None}

    text = because(block, ["America/Adak", "America/St_Johns"])

    assert text.startswith(
        "shut in America/Adak; no hour is open for all rules and zones at once\nus-fl.3in24:"
    )


def test_the_present_is_shown_in_the_earliest_and_the_latest_of_several_zones() -> None:
    zones = ["America/Adak", "America/New_York", "America/Chicago"]

    assert now_in(NOON, zones) == (
        "Sun 2026-11-22 07:00 in America/Adak to Sun 2026-11-22 12:00 in America/New_York "
        "(17:00 UTC)"
    )
    assert now_in(NOON, ["America/New_York", "America/Toronto"]) == (
        "Sun 2026-11-22 12:00 in America/New_York (17:00 UTC)"
    )
    assert now_in(NOON, []) == "Sun 2026-11-22 17:00 UTC"


def test_an_answer_of_less_than_a_minute_is_in_seconds() -> None:
    soon = CONTACT | {"next_at": "2026-11-22T17:00:30+00:00"}

    assert "it is looked at again in 30 s" in shown(view.contact(soon))


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


@pytest.mark.parametrize("state", list(view.LIVE))
def test_a_contact_with_a_live_attempt_is_being_called(state: str) -> None:
    live = {"id": "0198c0de", "state": state, "claimed_at": NOON}

    text = shown(view.contact(CONTACT | {"attempt": live}))

    assert view.LIVE[state] in text
    assert f"its attempt 0198c0de is {state}" in text
    assert "unless something is changed" not in text


def test_a_finished_contact_says_its_end_first_and_then_its_suppression() -> None:
    blocks = [
        a_block("contact", state="finished", outcome="no_answer"),
        a_block("suppression", reason="asked", list="all campaigns", since=NOON),
    ]
    finished = CONTACT | {"state": "finished", "outcome": "no_answer"}

    suppressed = shown(view.contact(finished | {"blocks": blocks, "binding": blocks[1]}))
    alone = shown(view.contact(finished | {"blocks": blocks[:1], "binding": blocks[0]}))

    assert suppressed.splitlines()[1] == (
        "is finished, no answer: it is not called any more; its number has been suppressed since "
        "Sun 2026-11-22 12:00, for all campaigns: asked"
    )
    assert alone.splitlines()[1] == "is finished, no answer: it is not called any more"


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
    down = {"trunk": "south", "since": NOON, "cause": "unreachable", "next_probe_at": NOON}
    why: dict[str, Any] = {
        "campaign_id": 2,
        "at": NOON,
        "stopped": "paused",
        "pending": 5,
        "trunks_down": [down],
        "spend_ceiling": DETAILS["spend_ceiling"] | {"kind": "tenant_day"},
    }

    text = shown(view.campaign(why | {"next_opens_at": NOON, "waiting": [entry]}))

    assert "5 contacts of campaign 2 wait" in text
    assert "the campaign is paused" in text
    assert "the trunk south has taken no calls since Sun 2026-11-22 17:00 UTC (unreachable)" in text
    assert "the tenant's spend ceiling of a day is 10 USD" in text
    assert "the next wait ends at Sun 2026-11-22 17:00 UTC" in text
    assert "us-fl.3in24: At most 3 calls." in text


async def test_another_identifier_is_refused() -> None:
    async with Client("http://127.0.0.1:9", "od_1_k") as nobody:
        with pytest.raises(OutdialError, match="neither"):
            await command.why(nobody, "+12025550123")


OVERRIDE = {
    "rule": RULE,
    "grade": "S",
    "standing": "overridden",
    "person": "Dana Reyes",
    "reason": "all agreed in writing",
    "at": NOON,
}


def test_a_choice_is_shown_with_its_rule_its_person_its_reason_and_its_time() -> None:
    line = "us-fl.3in24 overridden by Dana Reyes at Sun 2026-11-22 12:00: all agreed in writing"

    assert line in shown(view.contact(CONTACT | {"choices": [OVERRIDE]}))
    assert line in shown(view.attempt(ATTEMPT | {"choices": [OVERRIDE]}))


def test_duties_are_named_as_the_owners_to_see_to() -> None:
    duties = [RULE | {"name": "us.dnc-listed"}, RULE | {"name": "us.revocation"}]

    text = shown(view.contact(CONTACT | {"duties": duties}))

    assert "yours to see to  us.dnc-listed, us.revocation" in text
