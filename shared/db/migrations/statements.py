"""Reads a revision's SQL file as the statements that it holds."""

from pathlib import Path


def statements(revision: str) -> list[str]:
    """Each alone, because a prepared statement is one; they end in `;` and a newline."""
    text = (Path(__file__).parent / "versions" / revision).with_suffix(".sql").read_text()
    return [part for part in text.split(";\n") if part.strip()]
