"""docs/why.md shows the real answers for ten contacts in ten situations."""

from pathlib import Path

from shared.db.types import Pool
from tests.support.why_examples import examples, page

PAGE = Path(__file__).parents[3] / "docs" / "why.md"


async def test_the_page_shows_the_present_answers(pool: Pool) -> None:
    """After a wanted change: python -m tests.support.why_examples > docs/why.md"""
    answers = await examples(pool)

    binding = [answer["binding"] and answer["binding"]["gate"] for _, answer in answers]
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
    assert page(answers) == PAGE.read_text()
