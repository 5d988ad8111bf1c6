"""The sample of `outdial demo`: the same 1,000 invented people in seven countries every time.

Every number is in a range that its regulator reserves for fiction, so none belongs to a phone.
`python -m outdial.sample DIRECTORY` writes campaign.json and contacts.csv.
"""

import csv
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEED = 2026
COLUMNS = ("number", "name", "zone", "external_id", "language")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

CAMPAIGN: dict[str, Any] = {
    "name": "Appointment reminders",
    "trunk": "default",
    "calendar": {
        # All seven days, so that the demo has contacts to call on any of them.
        "windows": [{"days": list(DAYS), "start": "09:00", "end": "20:00"}],
        "start_date": None,
        "end_date": None,
    },
    "default_region": None,
    "default_zone": None,
    # The legal hours for sales calls do not apply to reminders.
    "kind": "informational",
    "automated": True,
    "attempts": {
        "max_total": 3,
        "max_per_day": 3,
        "min_gap_seconds": 1,
        "retry": {
            "busy": {"delay_seconds": 2},
            "no_answer": {"delay_seconds": 4},
            "network_error": {"delay_seconds": 2},
        },
    },
    "caps": {"max_concurrent": 50, "calls_per_second": 100},
    "webhook": None,
}


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers for fiction: `count` people get `prefix` and `digits` more digits."""

    prefix: str
    digits: int
    count: int
    language: str
    zone: str = ""


RANGES = (
    Range("+121255501", 2, 50, "en"),  # New York
    Range("+131255501", 2, 50, "en"),  # Chicago
    Range("+130355501", 2, 50, "en"),  # Denver
    Range("+121355501", 2, 50, "en"),  # Los Angeles
    Range("+180855501", 2, 50, "en"),  # Honolulu
    Range("+190755501", 2, 30, "en"),  # Alaska: two zones, both have to be open
    Range("+141655501", 2, 50, "en"),  # Toronto
    Range("+160455501", 2, 50, "en"),  # Vancouver
    Range("+4420794609", 2, 70, "en"),  # London
    Range("+4413149609", 2, 50, "en"),  # Edinburgh
    Range("+331990012", 2, 60, "fr"),  # Paris
    Range("+332619112", 2, 50, "fr"),  # Brittany and the north-west
    Range("+4930231251", 2, 60, "de"),  # Berlin
    Range("+4940669691", 2, 50, "de"),  # Hamburg
    Range("+468465004", 2, 50, "sv"),  # Stockholm
    Range("+6125550123", 1, 10, "en"),  # Sydney
    Range("+6125550124", 1, 10, "en"),
    Range("+612701012", 2, 60, "en"),
    Range("+613701012", 2, 40, "en"),  # Melbourne
    Range("+618701012", 2, 40, "en"),  # Adelaide or Perth: the number does not tell
    # People who are not where their number is from: the list names their zone.
    Range("+121555501", 2, 30, "en", "Asia/Tokyo"),
    Range("+164655501", 2, 20, "en", "Asia/Kolkata"),
    Range("+161755501", 2, 20, "en", "America/Sao_Paulo"),
)

GIVEN = ("Ada", "Ben", "Chloé", "Dora", "Emil", "Freya", "Grace", "Hugo", "Iris", "Jonas")
FAMILY = ("Adams", "Berg", "Clarke", "Dubois", "Evans", "Fischer", "Grant", "Hill", "Ito", "Jones")


def contacts() -> Iterator[dict[str, str]]:
    """The contacts in a mixed order, as in real lists."""
    draw = random.Random(SEED)  # noqa: S311 - the same list every time is the point
    rows = [
        {
            "number": number,
            "name": f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}",
            "zone": span.zone,
            "language": span.language,
        }
        for span in RANGES
        for number in _numbers(span, draw)
    ]
    draw.shuffle(rows)
    for number, row in enumerate(rows, start=1):
        yield row | {"external_id": f"P{number:04}"}


def _numbers(span: Range, draw: random.Random) -> list[str]:
    endings = draw.sample(range(10**span.digits), span.count)
    return [f"{span.prefix}{ending:0{span.digits}}" for ending in endings]


def write(directory: Path) -> tuple[Path, Path]:
    campaign, listed = directory / "campaign.json", directory / "contacts.csv"
    directory.mkdir(parents=True, exist_ok=True)
    campaign.write_text(json.dumps(CAMPAIGN, indent=2) + "\n")
    with listed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(contacts())
    return campaign, listed


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "examples"))
