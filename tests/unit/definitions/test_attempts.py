"""The attempt policy of a definition: how it is read, and which fields of it are refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from shared.definitions.attempts import AttemptsDefinition
from shared.definitions.campaign import CampaignDefinition
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import AttemptPolicy, RetryRule
from tests.support.campaigns import a_definition


def refused(attempts: dict[str, Any]) -> dict[str, str]:
    """The errors of a new campaign's fields."""
    with pytest.raises(ValidationError) as caught:
        CampaignDefinition.model_validate(a_definition(attempts=attempts))
    errors = caught.value.errors()
    return {"/".join(map(str, error["loc"])): error["msg"] for error in errors}


def stored(attempts: dict[str, Any]) -> str:
    return json.dumps(a_definition(attempts=attempts))


def test_every_field_reaches_the_policy() -> None:
    written = {
        "max_total": 6,
        "max_per_day": 3,
        "max_per_window": 2,
        "min_gap_seconds": 60,
        "delays_seconds": [600, 3_600],
        "jitter": 0.25,
        "retry": {"busy": {"delay_seconds": 30, "max_attempts": 4}, "no_answer": {}},
    }

    assert CampaignDefinition.stored(stored(written)).attempts.policy() == AttemptPolicy(
        max_total=6,
        max_per_day=3,
        max_per_window=2,
        min_gap=timedelta(seconds=60),
        delays=(timedelta(seconds=600), timedelta(seconds=3_600)),
        jitter=0.25,
        retry={
            Outcome.BUSY: RetryRule(delay=timedelta(seconds=30), max_attempts=4),
            Outcome.NO_ANSWER: RetryRule(),
        },
    )


def test_a_retry_without_any_delay_is_refused_by_its_outcome() -> None:
    said = refused({"max_total": 2, "retry": {"busy": {}, "no_answer": {"delay_seconds": 1}}})

    assert said == {
        "attempts/retry/busy/delay_seconds": "give a delay here or in delays_seconds",
    }


@pytest.mark.parametrize(
    ("attempts", "field", "said"),
    [
        (
            {"max_total": 2, "max_per_day": 3},
            "attempts/max_per_day",
            "3 can never be reached: max_total allows 2",
        ),
        (
            {"max_per_window": 2},
            "attempts/max_per_window",
            "2 can never be reached: max_total allows 1",
        ),
        (
            {"max_total": 4, "retry": {"busy": {"delay_seconds": 1, "max_attempts": 5}}},
            "attempts/retry/busy/max_attempts",
            "5 can never be reached: max_total allows 4",
        ),
        (
            {"max_total": 9, "max_per_day": 4, "min_gap_seconds": 9 * 3_600},
            "attempts/max_per_day",
            "4 can never be reached: with min_gap_seconds of 32400 at most 3 fit into a day",
        ),
    ],
)
def test_caps_that_contradict_each_other_are_refused(
    attempts: dict[str, Any], field: str, said: str
) -> None:
    assert refused(attempts) == {field: said}


@pytest.mark.parametrize(
    "attempts",
    [
        {},
        {"max_total": 3, "max_per_day": 3, "max_per_window": 3},
        {"max_total": 9, "max_per_day": 2, "max_per_window": 3},
        {"max_total": 9, "max_per_day": 3, "min_gap_seconds": 9 * 3_600},
        {"max_total": 9, "max_per_day": 1, "min_gap_seconds": 30 * 86_400},
        {"max_total": 2, "delays_seconds": [1, 2, 3, 4]},
    ],
)
def test_unusual_but_valid_policies_are_accepted(attempts: dict[str, Any]) -> None:
    AttemptsDefinition.model_validate(attempts)


@pytest.mark.parametrize(
    ("attempts", "field"),
    [
        ({"max_per_window": 0}, "attempts/max_per_window"),
        ({"jitter": 1.1}, "attempts/jitter"),
        ({"jitter": -0.1}, "attempts/jitter"),
        ({"delays_seconds": [60, -1]}, "attempts/delays_seconds/1"),
        ({"delays_seconds": [31 * 86_400]}, "attempts/delays_seconds/0"),
        ({"delays_seconds": [1] * 101}, "attempts/delays_seconds"),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_field(attempts: dict[str, Any], field: str) -> None:
    assert refused(attempts).keys() == {field}


def test_a_stored_contradiction_can_still_be_read() -> None:
    before = {"max_per_day": 3, "retry": {"busy": {"delay_seconds": 5, "max_attempts": 7}}}
    assert refused(before)

    read = CampaignDefinition.stored(stored(before)).attempts

    assert (read.max_total, read.max_per_day) == (1, 3)
    assert read.policy().retry == {
        Outcome.BUSY: RetryRule(delay=timedelta(seconds=5), max_attempts=7)
    }
