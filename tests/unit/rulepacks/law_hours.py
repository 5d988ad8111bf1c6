"""Examples of the hours of law, written from the legal texts and not from the packs."""

from dataclasses import dataclass, field

from shared.domain.policy.rules import CallKind
from tests.unit.rulepacks.law_support import (
    CENTRAL,
    DEBT,
    EASTERN,
    MOUNTAIN,
    PACIFIC,
    PARIS,
    SALES,
    SYDNEY,
    TORONTO,
)

CLOSED, NOT_BOUND = "", "00:00-24:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursOfLaw:
    """Open spans of wall time from Monday 2026-11-16 to Sunday 2026-11-22, and on other dates."""

    source: str
    place: str
    zone: str
    week: tuple[str, str, str, str, str, str, str]
    dates: dict[str, str] = field(default_factory=dict)
    kind: CallKind = SALES


def hours(
    source: str,
    place: str,
    zone: str,
    weekdays: str,
    saturday: str,
    sunday: str,
    dates: dict[str, str] | None = None,
    *,
    kind: CallKind = SALES,
) -> HoursOfLaw:
    week = (weekdays, weekdays, weekdays, weekdays, weekdays, saturday, sunday)
    return HoursOfLaw(
        source=source, place=place, zone=zone, week=week, dates=dates or {}, kind=kind
    )


def daily(source: str, place: str, zone: str, span: str, kind: CallKind = SALES) -> HoursOfLaw:
    return hours(source, place, zone, span, span, span, kind=kind)


HOURS = {
    "us.hours": hours(
        "47 CFR 64.1200(c)(1); 16 CFR 310.4(c)",
        "US-VA",
        EASTERN,
        "08:00-21:00",
        "08:00-21:00",
        "08:00-21:00",
        # Days with clock changes, and a holiday on which calls are allowed.
        {"2026-03-08": "08:00-21:00", "2026-11-01": "08:00-21:00", "2026-11-26": "08:00-21:00"},
    ),
    "us.regf.hours": daily(
        "12 CFR 1006.6(b)(1)(i); comment 6(b)(1)-2.i", "US-VA", EASTERN, "08:00-21:00", kind=DEBT
    ),
    "us-al.hours": hours(
        "Ala. Admin. Code r. 770-X-5-.17(2)",
        "US-AL",
        CENTRAL,
        "08:00-20:00",
        "08:00-20:00",
        CLOSED,
        {"2026-11-26": CLOSED, "2026-11-27": "08:00-20:00", "2026-12-25": CLOSED},
    ),
    "us-ct.hours": daily(
        "Conn. Gen. Stat. 42-288a(c) (P.A. 23-98)", "US-CT", EASTERN, "09:00-20:00"
    ),
    "us-fl.hours": daily("Fla. Stat. 501.616(6)(a)", "US-FL", EASTERN, "08:00-20:00"),
    "us-la.hours": hours(
        "LPSC General Order R-29617 V(A); La. R.S. 45:844.12",
        "US-LA",
        CENTRAL,
        "08:00-20:00",
        "08:00-20:00",
        CLOSED,
        {"2027-02-08": "08:00-20:00", "2027-02-09": CLOSED, "2027-03-26": CLOSED},
    ),
    "us-md.hours": daily("Md. Com. Law 14-4502(c)", "US-MD", EASTERN, "08:00-20:00"),
    "us-ma.hours": daily("M.G.L. c. 159C s. 3; 201 CMR 12.02(2)", "US-MA", EASTERN, "08:00-20:00"),
    "us-ms.hours": hours(
        "Miss. Code 77-3-723(1)",
        "US-MS",
        CENTRAL,
        "08:00-20:00",
        "08:00-20:00",
        CLOSED,
        {"2026-11-26": "08:00-20:00"},
    ),
    "us-ok.hours": daily("15 O.S. 775C.4(A)", "US-OK", CENTRAL, "08:00-20:00"),
    "us-wa.hours": daily("RCW 19.158.110(4); RCW 80.36.390", "US-WA", PACIFIC, "08:00-20:00"),
    "us-wy.hours": daily("Wyo. Stat. 40-12-302(d)", "US-WY", MOUNTAIN, "08:00-20:00"),
    "us-nv.hours": daily("NRS 598.0918(3)", "US-NV", PACIFIC, "09:00-20:00"),
    "us-mi.hours": daily("MCL 750.540e(1)(f)", "US-MI", "America/Detroit", "09:00-21:00"),
    "us-mn.hours": daily("Minn. Stat. 325E.30", "US-MN", CENTRAL, "09:00-21:00"),
    "us-nm.hours": daily("NMSA 57-12-22(B)(5)", "US-NM", MOUNTAIN, "09:00-21:00"),
    "us-tx.hours": hours(
        "Tex. Bus. & Com. Code 301.051(b)(2)",
        "US-TX",
        CENTRAL,
        "09:00-21:00",
        "09:00-21:00",
        "12:00-21:00",
    ),
    "us-ky.hours": daily("KRS 367.46955(16)", "US-KY", EASTERN, "10:00-21:00"),
    "us-ri.hours": hours(
        "R.I. Gen. Laws 5-61-2(2), 5-61-3.6(a)",
        "US-RI",
        EASTERN,
        "09:00-18:00",
        "10:00-17:00",
        CLOSED,
        {"2026-08-10": CLOSED, "2026-08-11": "09:00-18:00", "2026-11-26": CLOSED},
    ),
    "us-pa.hours": hours(
        "73 P.S. 2245(a)(1); Act 47 of 2026 (SB 992)",
        "US-PA",
        EASTERN,
        "09:00-19:00",
        "09:00-19:00",
        CLOSED,
        {
            "2026-10-17": NOT_BOUND,
            "2026-10-18": CLOSED,
            "2026-10-19": "09:00-19:00",
            "2026-11-26": CLOSED,
        },
    ),
    "us-pa.hours-before-act-47": hours(
        "73 P.S. 2245(a)(1)",
        "US-PA",
        EASTERN,
        NOT_BOUND,
        NOT_BOUND,
        NOT_BOUND,
        {
            "2026-10-11": "08:00-21:00",
            "2026-10-12": CLOSED,
            "2026-10-16": "08:00-21:00",
            "2026-10-17": "08:00-21:00",
            "2026-10-18": NOT_BOUND,
        },
    ),
    "us-sd.hours": hours(
        "secondary tables; the statute was not seen",
        "US-SD",
        CENTRAL,
        "09:00-21:00",
        "09:00-21:00",
        CLOSED,
    ),
    "us-ut.hours": hours(
        "Utah Code 13-25a-103(3)",
        "US-UT",
        MOUNTAIN,
        "08:00-21:00",
        "08:00-21:00",
        CLOSED,
        {"2026-07-23": "08:00-21:00", "2026-07-24": CLOSED},
    ),
    "us-me.hours": hours("10 M.R.S. 1498(3)", "US-ME", EASTERN, "09:00-17:00", CLOSED, CLOSED),
    "us-or.hours": hours(
        "ORS 646.563(1)(b), HB 3865 (Oregon Laws 2025 ch. 580)",
        "US-OR",
        PACIFIC,
        "08:00-20:00",
        "08:00-20:00",
        "08:00-20:00",
        {"2025-12-31": NOT_BOUND, "2026-01-01": "08:00-20:00"},
    ),
    "fr.hours": hours(
        "Code de la consommation D.223-9 (décret 2022-1313, from 2023-03-01); "
        "Code du travail L.3133-1",
        "FR",
        PARIS,
        "10:00-13:00 14:00-20:00",
        CLOSED,
        CLOSED,
        {
            "2023-02-28": NOT_BOUND,
            "2023-03-01": "10:00-13:00 14:00-20:00",
            "2026-05-25": CLOSED,
            "2026-07-14": CLOSED,
            "2026-07-15": "10:00-13:00 14:00-20:00",
        },
    ),
    "ca.hours": hours(
        "CRTC Unsolicited Telecommunications Rules, Part III, rule 23",
        "CA-ON",
        TORONTO,
        "09:00-21:30",
        "10:00-18:00",
        "10:00-18:00",
    ),
    "ca.adad-hours": hours(
        "CRTC UTR, Part IV; TRP CRTC 2009-200",
        "CA-ON",
        TORONTO,
        "09:00-21:30",
        "10:00-18:00",
        "10:00-18:00",
    ),
    "au.hours": hours(
        "Telecommunications (Telemarketing and Research Calls) Industry Standard 2017",
        "AU-NSW",
        SYDNEY,
        "09:00-20:00",
        "09:00-17:00",
        CLOSED,
        {"2026-12-25": CLOSED, "2027-01-25": "09:00-20:00", "2027-01-26": CLOSED},
    ),
}
