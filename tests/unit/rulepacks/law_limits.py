"""Examples of caps, silences, ring times and shares of law, not taken from the packs."""

from dataclasses import dataclass

from shared.domain.outcomes import Outcome
from shared.domain.policy.rules import CallKind
from tests.unit.rulepacks.law_support import (
    CENTRAL,
    DEBT,
    EASTERN,
    LONDON,
    NOTICE,
    PACIFIC,
    PARIS,
    RESEARCH,
    SALES,
    SYDNEY,
)

# The calls of call centres, whatever they are about.
DIALED = (SALES, DEBT, RESEARCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapOfLaw:
    """All `calls` are allowed one after the other; one more is `refused`, and allowed at `again`.

    `other_subject` says whether one more call is allowed if it is about something else.
    """

    source: str
    place: str
    zone: str
    calls: tuple[str, ...]
    refused: str
    again: str
    other_subject: bool = False
    ignored: frozenset[Outcome] = frozenset()
    kinds: tuple[CallKind, ...] = (SALES,)


def three_in_a_day(source: str, place: str, zone: str) -> CapOfLaw:
    return CapOfLaw(
        source=source,
        place=place,
        zone=zone,
        calls=("2026-11-23 09:30", "2026-11-23 12:00", "2026-11-23 19:59"),
        refused="2026-11-24 08:00",
        again="2026-11-24 09:30",
        other_subject=True,
    )


# Neither a person nor a mailbox, so that nobody was contacted.
NOBODY_REACHED = frozenset(
    {
        Outcome.BUSY,
        Outcome.NO_ANSWER,
        Outcome.DECLINED,
        Outcome.UNOBTAINABLE,
        Outcome.INVALID_NUMBER,
        Outcome.NETWORK_ERROR,
        Outcome.FAX,
        Outcome.MACHINE_NO_MESSAGE,
        Outcome.EXCLUDED,
        Outcome.OUT_OF_TIME,
    }
)


def debt_in_australia(calls: tuple[str, ...], *, refused: str, again: str) -> CapOfLaw:
    return CapOfLaw(
        source="ACCC and ASIC, Debt collection guideline (RG 96, April 2021), part 2, section 5",
        place="AU-NSW",
        zone=SYDNEY,
        calls=calls,
        refused=refused,
        again=again,
        other_subject=True,
        ignored=NOBODY_REACHED,
        kinds=(DEBT,),
    )


CAPS = {
    "us-fl.3in24": three_in_a_day("Fla. Stat. 501.616(6)(b)", "US-FL", EASTERN),
    "us-ok.3in24": three_in_a_day("15 O.S. 775C.4(A)", "US-OK", CENTRAL),
    "us-md.3in24": three_in_a_day("Md. Com. Law 14-4502(c)(2)", "US-MD", EASTERN),
    "us-or.3in24": three_in_a_day("ORS 646.563(1)(b)", "US-OR", PACIFIC),
    "us.regf.7in7": CapOfLaw(
        source="12 CFR 1006.14(b)(2)(i)(A), (b)(3); comments 14(b)(2)(i)-1, (ii)-1, 14(b)(3)",
        place="US-VA",
        zone=EASTERN,
        calls=(
            "2026-11-23 20:59",
            "2026-11-24 08:00",
            "2026-11-25 08:00",
            "2026-11-26 08:00",
            "2026-11-27 08:00",
            "2026-11-28 08:00",
            "2026-11-29 08:00",
        ),
        refused="2026-11-29 20:59",
        # Calendar days, and not 168 hours: Monday the 23rd was the first of the seven.
        again="2026-11-30 00:00",
        other_subject=True,
        ignored=frozenset(
            {Outcome.BUSY, Outcome.UNOBTAINABLE, Outcome.INVALID_NUMBER, Outcome.NETWORK_ERROR}
        ),
        kinds=(DEBT,),
    ),
    "us.exempt-prerecorded-3in30": CapOfLaw(
        source="47 CFR 64.1200(a)(3)(ii)-(iv); FCC 20-186; FR Doc. 2023-00634",
        place="US-VA",
        zone=EASTERN,
        calls=("2026-11-02 09:00", "2026-11-10 09:00", "2026-11-20 09:00"),
        refused="2026-11-21 09:00",
        again="2026-12-02 09:00",
        kinds=(DEBT, NOTICE, RESEARCH),
    ),
    "us.exempt-hipaa": CapOfLaw(
        source="47 CFR 64.1200(a)(3)(v); FCC 20-186; FR Doc. 2023-00634",
        place="US-VA",
        zone=EASTERN,
        calls=("2026-11-23 09:00",),
        refused="2026-11-23 20:00",
        again="2026-11-24 00:00",
        kinds=(NOTICE,),
    ),
    "us.exempt-hipaa-week": CapOfLaw(
        source="47 CFR 64.1200(a)(3)(v); FCC 20-186; FR Doc. 2023-00634",
        place="US-VA",
        zone=EASTERN,
        calls=("2026-11-23 09:00", "2026-11-24 09:00", "2026-11-25 09:00"),
        refused="2026-11-26 09:00",
        again="2026-11-30 00:00",
        kinds=(NOTICE,),
    ),
    "au.debt-3-a-week": debt_in_australia(
        ("2026-11-16 07:30", "2026-11-18 10:00", "2026-11-22 20:59"),
        refused="2026-11-22 20:59",
        again="2026-11-23 00:00",
    ),
    "au.debt-10-a-month": debt_in_australia(
        tuple(f"2026-10-{day:02} 10:00" for day in range(1, 30, 3)),
        refused="2026-10-31 10:00",
        again="2026-11-01 00:00",
    ),
    "us-me.auto-8h": CapOfLaw(
        source="10 M.R.S. 1498",
        place="US-ME",
        zone=EASTERN,
        calls=("2026-11-23 09:00",),
        refused="2026-11-23 16:59",
        again="2026-11-23 17:00",
    ),
    "fr.4in30": CapOfLaw(
        source="Code de la consommation D.223-9",
        place="FR",
        zone=PARIS,
        calls=("2026-11-02 10:00", "2026-11-03 10:00", "2026-11-16 15:00", "2026-11-17 10:00"),
        refused="2026-12-01 19:59",
        # The 30 calendar days from 2 November end with 1 December.
        again="2026-12-02 00:00",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceOfLaw:
    """A call ends at `ended` with the outcome; the next is `refused`, and allowed at `again`."""

    source: str
    place: str
    zone: str
    outcome: Outcome
    ended: str
    refused: str
    again: str
    other_subject: bool = False
    kinds: tuple[CallKind, ...] = (SALES,)


SILENCES = {
    "us.regf.conversation-7d": SilenceOfLaw(
        source="12 CFR 1006.14(b)(2)(i)(B); comments 14(b)(2)(i)-1.ii, (ii)-1.ii, 14(b)(3)(i)-3",
        place="US-VA",
        zone=EASTERN,
        outcome=Outcome.ANSWERED_HUMAN,
        ended="2026-11-23 20:30",
        refused="2026-11-29 20:59",
        again="2026-11-30 00:00",
        other_subject=True,
        kinds=(DEBT,),
    ),
    "gb.abandon-72h": SilenceOfLaw(
        source="Ofcom, Persistent Misuse, statement of 20 Dec 2016",
        place="GB",
        zone=LONDON,
        outcome=Outcome.OVERFLOW,
        ended="2026-11-23 10:00",
        refused="2026-11-26 09:59",
        again="2026-11-26 10:00",
        kinds=DIALED,
    ),
    "gb.machine-24h": SilenceOfLaw(
        source="Ofcom, Persistent Misuse, statement of 20 Dec 2016; since 1 Feb 2011",
        place="GB",
        zone=LONDON,
        outcome=Outcome.MACHINE_NO_MESSAGE,
        ended="2026-11-23 10:00",
        refused="2026-11-24 09:59",
        again="2026-11-24 10:00",
        kinds=DIALED,
    ),
    "fr.refusal-60d": SilenceOfLaw(
        source="Code de la consommation D.223-9",
        place="FR",
        zone=PARIS,
        outcome=Outcome.OPT_OUT,
        ended="2026-11-23 10:05",
        # 24 November is the first of 60 whole days, and 22 January the last.
        refused="2027-01-22 19:59",
        again="2027-01-23 00:00",
    ),
}

# Source, place, seconds.
RING_TIMES = {
    "us.ring-15s": ("47 CFR 64.1200(a)(6); 16 CFR 310.4(b)(4)(ii)", "US", 15),
    "gb.ring-15s": ("Ofcom, Persistent Misuse, statement of 20 Dec 2016", "GB", 15),
}

# Source, days, calls answered, the most that may be abandoned of them.
ABANDONMENT = {
    "us.abandon-3pct": ("47 CFR 64.1200(a)(7)(i); 16 CFR 310.4(b)(4)(i)", 30, 1_000, 30),
    "gb.abandon-3pct-24h": ("Ofcom 2010, replaced by the statement of 20 Dec 2016", 1, 1_000, 30),
    "ca.abandon-5pct": ("CRTC UTR, Part III", 31, 1_000, 50),
}
