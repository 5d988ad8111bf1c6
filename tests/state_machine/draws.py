"""The values that the state machine draws; frequent values are listed several times."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from shared.domain.campaigns import Command
from shared.domain.outcomes import Outcome
from tests.state_machine.acts import Stop
from tests.state_machine.carrier import Mood
from tests.state_machine.owner import PLANS
from tests.state_machine.people import KINDS, NUMBERS
from tests.state_machine.work import By

# Days on which the clocks of New York, London and Adelaide change, and an ordinary day.
DAYS = st.sampled_from(
    [datetime(2026, *day, tzinfo=UTC) for day in ((3, 7), (3, 28), (4, 4), (10, 31), (11, 18))]
)
SPANS = st.sampled_from(
    [
        timedelta(**span)
        for span in (
            {"seconds": 1},
            {"seconds": 31},
            {"minutes": 5},
            {"hours": 1},
            {"hours": 9},
            {"days": 1},
            {"days": 8},
        )
    ]
)
# Time between rounds of calls: mostly short, so that a day has several rounds.
PAUSES = st.sampled_from([timedelta(minutes=11), timedelta(hours=1), timedelta(hours=3)]) | SPANS
# Values that end a contact or a campaign are rare, so that many steps come before them.
LENGTHS = st.sampled_from([*[timedelta(hours=1), timedelta(hours=9), timedelta(days=2)] * 3, None])
COMMAND = st.sampled_from([*[Command.START, Command.PAUSE, Command.RESUME] * 4, Command.CANCEL])
PLAN = st.sampled_from([*["always"] * 4, *PLANS])
HALF_HOUR = timedelta(minutes=30)
KIND = st.sampled_from(KINDS)
NUMBER = st.sampled_from(NUMBERS)
LIST = st.none() | KIND
ZONE = st.sampled_from([None, None, "America/New_York", "Asia/Kolkata"])
# All waiting messages, or one of them.
WHICH = st.integers(0, 5)
ONLY = st.none() | WHICH
SELDOM = st.sampled_from([False, False, False, True])
MOOD = st.sampled_from([*[Mood.TAKES] * 2, *Mood])
BY = st.sampled_from(By)
STOP = st.sampled_from([*[stop for stop in Stop if stop is not Stop.CANCEL] * 3, Stop.CANCEL])
OUTCOME = st.sampled_from(
    [
        *[Outcome.NO_ANSWER, Outcome.BUSY, Outcome.ANSWERED_HUMAN, Outcome.OPT_OUT] * 4,
        *[Outcome.CALLBACK_REQUESTED] * 2,
        *Outcome,
    ]
)
PEOPLE = st.lists(st.tuples(NUMBER, ZONE), min_size=1, max_size=3)
AREA = st.sampled_from([None, "US", "GB"])
SOON = st.sampled_from([timedelta(0), timedelta(hours=1)])
TALKS = st.sampled_from([HALF_HOUR, timedelta(hours=6)])
