"""A small pack of rules as text, to be changed and written to a file by tests."""

from pathlib import Path

HEAD = 'jurisdiction = "NZ"\nversion = 2026-11-21\n'
RULE = """
[[rules]]
name = "nz.quiet"
jurisdiction = "NZ"
says = "Not before nine."
source = "a test"
grade = "D"
kinds = ["solicitation"]
"""
HOURS = 'hours = { mon-fri = "09:00-20:00" }\n'
PACK = HEAD + RULE + HOURS


def written(directory: Path, text: str, name: str = "nz.toml") -> Path:
    path = directory / name
    path.write_text(text)
    return path
