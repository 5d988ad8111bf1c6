"""docs/why.md shows what is really said of ten contacts in ten situations."""

from pathlib import Path

from shared.db.types import Pool
from tests.support.why_examples import examples, page

PAGE = Path(__file__).parents[3] / "docs" / "why.md"


async def test_the_page_shows_what_is_said_now(pool: Pool) -> None:
    """After a wanted change: python -m tests.support.why_examples > docs/why.md"""
    told = await examples(pool)

    binding = [each["binding"] and each["binding"]["gate"] for _, each in told]
    assert binding == [
        "window",
        "law",
        "unknown_zone",
        "suppression",
        "frequency_cap",
        "silence",
        "wait",
        "wait",
        "blackout",
        None,
    ]
    assert page(told) == PAGE.read_text()
