"""Examples of the hours of law outside the United States, written from the legal texts."""

from shared.domain.policy.rules import CallKind
from tests.unit.rulepacks.law_support import (
    CLOSED,
    DEBT,
    LONDON,
    NOT_BOUND,
    PARIS,
    PERTH,
    RESEARCH,
    SYDNEY,
    TORONTO,
    hours,
)

ABROAD = {
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
        # Victoria Day: rule 23 knows no holidays.
        {"2026-05-18": "09:00-21:30"},
        kinds=(*CallKind,),
    ),
    "au.hours": hours(
        "Telecommunications (Telemarketing and Research Calls) Industry Standard 2017",
        "AU-NSW",
        SYDNEY,
        "09:00-20:00",
        "09:00-17:00",
        CLOSED,
        {
            "2026-12-25": CLOSED,
            "2026-12-26": CLOSED,
            # Open question: the Monday on which Boxing Day is kept.
            "2026-12-28": "09:00-20:00",
            "2027-01-25": "09:00-20:00",
            "2027-01-26": CLOSED,
        },
    ),
    "au.research-hours": hours(
        "Telecommunications (Telemarketing and Research Calls) Industry Standard 2017; "
        "donotcall.gov.au",
        "AU-WA",
        PERTH,
        "09:00-20:30",
        "09:00-17:00",
        "09:00-17:00",
        {"2026-12-25": CLOSED, "2027-01-26": CLOSED, "2027-01-27": "09:00-20:30"},
        kinds=(RESEARCH,),
    ),
    "au.debt-hours": hours(
        "ACCC and ASIC, Debt collection guideline (RG 96, April 2021), part 2, section 4",
        "AU-NSW",
        SYDNEY,
        "07:30-21:00",
        "09:00-21:00",
        "09:00-21:00",
        {"2026-12-25": CLOSED, "2026-12-26": CLOSED, "2027-01-26": CLOSED},
        kinds=(DEBT,),
    ),
    "gb.hours": hours(
        "DMA Direct Marketing Code of Practice 21.41, as quoted; DMA Code 1.4",
        "GB",
        LONDON,
        "08:00-21:00",
        "09:00-21:00",
        "09:00-21:00",
        # Days with clock changes, and a bank holiday.
        {"2026-03-29": "09:00-21:00", "2026-10-25": "09:00-21:00", "2026-12-25": "08:00-21:00"},
    ),
}
