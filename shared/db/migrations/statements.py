"""Reads a revision's SQL file as the statements that it holds."""

from pathlib import Path


def statements(revision: str) -> list[str]:
    """asyncpg prepares what it runs, so each statement goes alone; they end in `;` and a newline."""
    text = (Path(__file__).parent / "versions" / revision).with_suffix(".sql").read_text()
    return [part for part in text.split(";\n") if part.strip()]
