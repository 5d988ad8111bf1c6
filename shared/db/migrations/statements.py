"""Splits the SQL file of a migration into its statements."""

from pathlib import Path


def statements(revision: str) -> list[str]:
    """The statements one by one, because asyncpg prepares one at a time.

    A statement ends in `;` and a newline, but not within the body of a function, `$$` to `$$`.
    """
    text = (Path(__file__).parent / "versions" / revision).with_suffix(".sql").read_text()
    parts: list[str] = []
    for part in text.split(";\n"):
        if parts and parts[-1].count("$$") % 2:
            parts[-1] += ";\n" + part
        else:
            parts.append(part)
    return [part for part in parts if part.strip()]
