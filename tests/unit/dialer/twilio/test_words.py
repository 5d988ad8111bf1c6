"""Twilio's words as outcomes: each row of the tables, and which word wins over which."""

import re

import pytest
from prometheus_client import REGISTRY

from services.dialer.providers.twilio.callbacks import answered_by
from services.dialer.providers.twilio.words import (
    ANSWERED_BY,
    ERRORS,
    SIP_CODES,
    STATUSES,
    outcome_of,
)
from shared.domain.calls import AnsweredBy, CallState
from shared.domain.outcomes import Outcome

SOURCE = re.compile(
    r"(voice|api)/[a-z0-9/#-]+|RFC [0-9]{4}( section [0-9.]+)?|article [0-9]+ of .+"
)


def test_every_row_names_its_source() -> None:
    tables = (STATUSES.values(), SIP_CODES.values(), ERRORS.values(), ANSWERED_BY.values())
    sources = [row[-1] for table in tables for row in table]

    assert [source for source in sources if not SOURCE.fullmatch(str(source))] == []


def test_only_an_end_has_an_outcome() -> None:
    assert all(
        (row.outcome is not None) == (row.state is CallState.ENDED) for row in STATUSES.values()
    )


@pytest.mark.parametrize(
    ("status", "sip_code", "who", "message", "outcome"),
    [
        ("queued", None, None, False, None),
        ("initiated", None, None, False, None),
        ("ringing", None, None, False, None),
        ("in-progress", None, None, False, None),
        ("completed", None, None, False, Outcome.ANSWERED_HUMAN),
        ("completed", 200, AnsweredBy.HUMAN, True, Outcome.ANSWERED_HUMAN),
        ("completed", 200, AnsweredBy.UNKNOWN, True, Outcome.ANSWERED_HUMAN),
        ("completed", 200, AnsweredBy.MACHINE, False, Outcome.MACHINE_NO_MESSAGE),
        ("completed", 200, AnsweredBy.MACHINE, True, Outcome.MACHINE_MESSAGE_LEFT),
        ("completed", 200, AnsweredBy.FAX, True, Outcome.FAX),
        ("busy", None, None, False, Outcome.BUSY),
        ("busy", 486, None, False, Outcome.BUSY),
        ("busy", 603, None, False, Outcome.DECLINED),
        ("busy", 404, None, False, Outcome.BUSY),
        ("no-answer", None, None, False, Outcome.NO_ANSWER),
        ("no-answer", 603, None, False, Outcome.DECLINED),
        ("failed", None, None, False, Outcome.UNOBTAINABLE),
        ("failed", 404, None, False, Outcome.UNOBTAINABLE),
        ("failed", 484, None, False, Outcome.INVALID_NUMBER),
        ("failed", 503, None, False, Outcome.NETWORK_ERROR),
        ("failed", 480, None, False, Outcome.NO_ANSWER),
        ("failed", 299, None, False, Outcome.UNOBTAINABLE),
        ("canceled", None, None, False, Outcome.NO_ANSWER),
        ("levitating", 486, None, False, None),
    ],
)
def test_a_status_with_its_code_has_an_outcome(
    status: str,
    sip_code: int | None,
    who: AnsweredBy | None,
    message: bool,
    outcome: Outcome | None,
) -> None:
    assert outcome_of(status, sip_code=sip_code, answered_by=who, message=message) is outcome


def test_an_unknown_word_for_who_answered_is_unknown_and_counted() -> None:
    labels = {"provider": "twilio", "field": "answered_by"}
    name = "outdial_carrier_words_unknown_total"
    before = REGISTRY.get_sample_value(name, labels) or 0

    assert answered_by("a parrot") is AnsweredBy.UNKNOWN
    assert answered_by("") is None
    assert REGISTRY.get_sample_value(name, labels) == before + 1
