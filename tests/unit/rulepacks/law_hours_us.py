"""Examples of the hours of law in the United States, written from the legal texts."""

from shared.domain.policy.rules import CallKind
from tests.unit.rulepacks.law_support import (
    CENTRAL,
    CLOSED,
    DEBT,
    EASTERN,
    MOUNTAIN,
    NOT_BOUND,
    NOTICE,
    PACIFIC,
    RESEARCH,
    daily,
    hours,
)

UNITED_STATES = {
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
        "12 CFR 1006.6(b)(1)(i); comment 6(b)(1)-2.i", "US-VA", EASTERN, "08:00-21:00", DEBT
    ),
    "us-al.hours": hours(
        "Ala. Admin. Code r. 770-X-5-.17(2); Ala. Code 1-3-8",
        "US-AL",
        CENTRAL,
        "08:00-20:00",
        "08:00-20:00",
        CLOSED,
        {
            # Confederate Memorial Day, Jefferson Davis' birthday, Columbus Day.
            "2026-04-27": CLOSED,
            "2026-06-01": CLOSED,
            "2026-10-12": CLOSED,
            "2026-11-26": CLOSED,
            "2026-11-27": "08:00-20:00",
            "2026-12-25": CLOSED,
            # Mardi Gras, which two counties keep.
            "2027-02-09": CLOSED,
        },
    ),
    "us-ca.adad": daily(
        "Cal. Pub. Util. Code 2872(c)-(d)", "US-CA", PACIFIC, "09:00-21:00", *CallKind
    ),
    "us-ct.hours": daily(
        "Conn. Gen. Stat. 42-288a(c) (P.A. 23-98)", "US-CT", EASTERN, "09:00-20:00"
    ),
    "us-fl.hours": daily("Fla. Stat. 501.616(6)(a)", "US-FL", EASTERN, "08:00-20:00"),
    "us-il.adad": daily(
        "815 ILCS 305/15(a), in secondary texts; only sections 5 and 20 were seen",
        "US-IL",
        CENTRAL,
        "09:00-21:00",
    ),
    "us-il.securities": hours(
        "815 ILCS 5/8b(a)(2)", "US-IL", CENTRAL, "09:00-21:00", "09:00-21:00", "12:00-21:00"
    ),
    "us-in.adad": daily(
        "Ind. Code 24-5-14-8, in secondary tables; the section was not seen",
        "US-IN",
        "America/Indiana/Indianapolis",
        "09:00-20:00",
        *CallKind,
    ),
    "us-la.hours": hours(
        "LPSC General Order R-29617 V(A); La. R.S. 45:844.12; La. R.S. 1:55",
        "US-LA",
        CENTRAL,
        "08:00-20:00",
        "08:00-20:00",
        CLOSED,
        {
            "2026-10-12": CLOSED,
            # Acadian Day.
            "2026-11-27": CLOSED,
            "2026-11-28": "08:00-20:00",
            "2027-01-07": "08:00-20:00",
            "2027-01-08": CLOSED,
            "2027-02-08": "08:00-20:00",
            "2027-02-09": CLOSED,
            "2027-03-26": CLOSED,
            "2027-08-30": CLOSED,
            "2027-11-01": CLOSED,
            "2027-11-02": "08:00-20:00",
        },
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
    "us-ne.adad": hours(
        "291 Neb. Admin. Code ch. 11, 003.01; Neb. Rev. Stat. 86-248(1), 62-301",
        "US-NE",
        CENTRAL,
        "08:00-21:00",
        "08:00-21:00",
        "13:00-21:00",
        # Independence Day on a Saturday is observed on Friday too; Thanksgiving Day, the day after.
        {
            "2026-07-03": "13:00-21:00",
            "2026-07-04": "13:00-21:00",
            "2026-11-26": "13:00-21:00",
            "2026-11-27": "13:00-21:00",
            "2026-11-28": "08:00-21:00",
        },
    ),
    "us-ne.adad-messages": daily(
        "Neb. Rev. Stat. 86-256(2)(c), (3)", "US-NE", CENTRAL, "08:00-21:00", NOTICE, RESEARCH
    ),
    "us-ok.hours": daily("15 O.S. 775C.4(A)", "US-OK", CENTRAL, "08:00-20:00"),
    "us-wa.hours": daily("RCW 19.158.110(4); RCW 80.36.390", "US-WA", PACIFIC, "08:00-20:00"),
    "us-wa.adad": daily("RCW 80.36.400(1)-(2)", "US-WA", PACIFIC, CLOSED),
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
        "R.I. Gen. Laws 5-61-2(2), 5-61-3.6(a), 25-1-1",
        "US-RI",
        EASTERN,
        "09:00-18:00",
        "10:00-17:00",
        CLOSED,
        # Rhode Island Independence Day, Victory Day, election day, Thanksgiving Day.
        {
            "2026-05-04": CLOSED,
            "2026-08-10": CLOSED,
            "2026-08-11": "09:00-18:00",
            "2026-11-03": CLOSED,
            "2026-11-26": CLOSED,
        },
    ),
    "us-pa.hours": hours(
        "73 P.S. 2245(a)(1); Act 47 of 2026 (SB 992); 44 P.S. 11",
        "US-PA",
        EASTERN,
        "09:00-19:00",
        "09:00-19:00",
        CLOSED,
        {
            "2026-10-17": NOT_BOUND,
            "2026-10-18": CLOSED,
            "2026-10-19": "09:00-19:00",
            # Election Day, Thanksgiving Day, Good Friday, Flag Day.
            "2026-11-03": CLOSED,
            "2026-11-04": "09:00-19:00",
            "2026-11-26": CLOSED,
            "2027-03-26": CLOSED,
            "2027-06-14": CLOSED,
        },
    ),
    "us-pa.hours-before-act-47": hours(
        "73 P.S. 2245(a)(1); 44 P.S. 11",
        "US-PA",
        EASTERN,
        NOT_BOUND,
        NOT_BOUND,
        NOT_BOUND,
        {
            "2026-04-03": CLOSED,
            "2026-10-11": "08:00-21:00",
            "2026-10-12": CLOSED,
            "2026-10-16": "08:00-21:00",
            "2026-10-17": "08:00-21:00",
            "2026-10-18": NOT_BOUND,
        },
    ),
    "us-sc.adad": daily("S.C. Code 16-17-446(C)(3)", "US-SC", EASTERN, "08:00-19:00", *CallKind),
    "us-sd.hours": hours(
        "secondary tables; the statute was not seen",
        "US-SD",
        CENTRAL,
        "09:00-21:00",
        "09:00-21:00",
        CLOSED,
    ),
    "us-ut.hours": hours(
        "Utah Code 13-25a-103(3), 63G-1-301",
        "US-UT",
        MOUNTAIN,
        "08:00-21:00",
        "08:00-21:00",
        CLOSED,
        # Good Friday, Juneteenth of a Saturday, Pioneer Day.
        {
            "2027-03-26": CLOSED,
            "2027-06-21": CLOSED,
            "2027-06-22": "08:00-21:00",
            "2026-07-23": "08:00-21:00",
            "2026-07-24": CLOSED,
        },
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
}
