"""The fate of a call is a pure function, with the weights and faults that were asked for."""

from collections import Counter

import pytest
from pydantic import ValidationError

from outdial.carrier.behaviour import ANSWERED, MACHINES, Behaviour, Fault, Outcome, plan

NUMBERS = [f"+1415555{n:04}" for n in range(4000)]


def test_the_same_call_has_the_same_fate() -> None:
    known = Behaviour(faults={Fault.SLOW_REPLY: 0.5})

    first = [plan(known, seed=7, number=n, nth=1) for n in NUMBERS[:100]]

    assert first == [plan(known, seed=7, number=n, nth=1) for n in NUMBERS[:100]]
    assert first != [plan(known, seed=8, number=n, nth=1) for n in NUMBERS[:100]]
    assert first != [plan(known, seed=7, number=n, nth=2) for n in NUMBERS[:100]]


def test_outcomes_follow_their_weights() -> None:
    known = Behaviour(outcomes={Outcome.BUSY: 3, Outcome.ANSWERED_HUMAN: 1})

    counts = Counter(plan(known, seed=1, number=n, nth=1).outcome for n in NUMBERS)

    assert set(counts) == {Outcome.BUSY, Outcome.ANSWERED_HUMAN}
    assert counts[Outcome.BUSY] / len(NUMBERS) == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("fault", list(Fault))
def test_faults_follow_their_probability_and_leave_the_outcome_alone(fault: Fault) -> None:
    calm = Behaviour()
    faulty = Behaviour(faults={fault: 0.2})

    plans = [plan(faulty, seed=1, number=n, nth=1) for n in NUMBERS]

    assert sum(fault in p.faults for p in plans) / len(NUMBERS) == pytest.approx(0.2, abs=0.03)
    calm_outcomes = [plan(calm, seed=1, number=n, nth=1).outcome for n in NUMBERS]
    assert [p.outcome for p in plans] == calm_outcomes


def test_a_scripted_number_plays_its_outcomes_and_repeats_the_last() -> None:
    script = {"outcomes": ["busy", "answered_human"], "faults": ["lost_events"]}
    known = Behaviour.model_validate({"numbers": {"+14155550100": script}})

    plans = [plan(known, seed=1, number="+14155550100", nth=nth) for nth in (1, 2, 3)]

    assert [p.outcome for p in plans] == ["busy", "answered_human", "answered_human"]
    assert all(p.faults == {Fault.LOST_EVENTS} for p in plans)


def test_detection_errs_as_often_as_it_is_told() -> None:
    exact = Behaviour()
    erring = Behaviour(detection_errors=0.2)

    truth = [plan(exact, seed=1, number=n, nth=1) for n in NUMBERS]
    heard = [plan(erring, seed=1, number=n, nth=1) for n in NUMBERS]

    assert [p.is_machine for p in heard] == [p.is_machine for p in truth]
    answered = [(t, h) for t, h in zip(truth, heard, strict=True) if t.outcome in ANSWERED]
    misheard = [h for t, h in answered if h.outcome != t.outcome]
    assert len(misheard) / len(answered) == pytest.approx(0.2, abs=0.03)
    assert all((h.outcome in MACHINES) is not h.is_machine for h in misheard)
    others = [(t, h) for t, h in zip(truth, heard, strict=True) if t.outcome not in ANSWERED]
    assert all(t == h for t, h in others)


def test_only_answered_calls_are_talked_in() -> None:
    plans = [plan(Behaviour(), seed=1, number=n, nth=1) for n in NUMBERS]

    talked = {p.outcome for p in plans if p.talk_seconds > 0}

    assert talked == {Outcome.ANSWERED_HUMAN, Outcome.MACHINE_NO_MESSAGE}


@pytest.mark.parametrize(
    "bad",
    [
        {"outcomes": {"busy": 0}},
        {"outcomes": {"callback": 1}},
        {"faults": {"refuse": 1.5}},
        {"outcome": {"busy": 1}},
        {"numbers": {"+14155550100": {"outcomes": []}}},
    ],
)
def test_a_behaviour_that_cannot_be_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Behaviour.model_validate(bad)
