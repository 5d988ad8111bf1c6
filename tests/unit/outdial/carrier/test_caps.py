"""The carrier's caps against a recount of every second."""

from hypothesis import given
from hypothesis import strategies as st

from outdial.carrier.caps import Caps, RollingSecond

# Eighths are exact in binary, so the edges of a second are hit often.
ARRIVALS = st.lists(st.integers(0, 40).map(lambda n: n / 8), max_size=40)


def most_in_a_second(arrivals: list[float], *, holding: float) -> int:
    ends = [end for end in arrivals if holding <= end < holding + 1]
    return max(sum(end - 1 < a <= end for a in arrivals) for end in ends)


@given(ARRIVALS)
def test_the_peak_equals_a_recount_in_any_order_of_arrival(arrivals: list[float]) -> None:
    second = RollingSecond()
    for n, arrival in enumerate(arrivals, start=1):
        assert second.peak_with(arrival) == most_in_a_second(arrivals[:n], holding=arrival)
        second.add(arrival)


@given(ARRIVALS, st.integers(1, 5))
def test_accepted_calls_never_exceed_the_rate(arrivals: list[float], cap: int) -> None:
    caps = Caps(calls_per_second=cap)
    accepted = []
    for arrival in arrivals:
        if caps.refusal(arrival) is None:
            caps.accept(arrival)
            accepted.append(arrival)

    assert all(most_in_a_second(accepted, holding=a) <= cap for a in accepted)


def test_calls_exactly_one_second_apart_share_no_second() -> None:
    caps = Caps(calls_per_second=1)
    caps.accept(10.0)

    assert caps.refusal(10.999) == "rate_exceeded"
    assert caps.refusal(11.0) is None


def test_a_call_counts_from_accept_to_end() -> None:
    caps = Caps(max_concurrent=1)
    caps.accept(1.0)

    assert caps.refusal(99.0) == "concurrency_exceeded"
    caps.release()
    assert caps.refusal(99.0) is None
    assert caps.peak_concurrent == 1


def test_arrivals_long_past_are_forgotten() -> None:
    second = RollingSecond()
    for n in range(20_000):
        second.add(n / 100)

    assert len(second.arrivals) < 10_000
    assert second.peak_with(200.0) == 100
