"""The page of error codes, as Markdown and HTML: `python -m services.api.native.error_page`."""

import re
import sys
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from services.api.native.error_codes import PROBLEMS, REASONS
from shared.definitions.validation import BY_TYPE

INTRODUCTION = (
    "Each error is a problem document (RFC 9457): `code` is stable, `type` is the address of its "
    "row here, `detail` is for people, and `request_id` names the request in the logs. A program "
    "decides by `code`, and by `reason` in `errors`. POST /oauth2/token answers as RFC 6749 says."
)


class Table(NamedTuple):
    title: str
    columns: tuple[str, ...]
    # The first cell of a row is its name.
    rows: list[tuple[str, ...]]
    # What stands before the name in the address of a row: a code may be a reason, too.
    prefix: str = "reason-"


def tables() -> Iterator[Table]:
    yield Table(
        "Codes",
        ("code", "status", "what happened", "what to do"),
        [
            (name, str(code.status), code.meaning, code.remedy)
            for name, code in sorted(PROBLEMS.items())
        ],
        prefix="",
    )
    yield Table(
        "Reasons of fields, rows and parameters",
        ("reason", "what is wrong, or what would be right"),
        sorted(REASONS.items()),
    )
    yield Table(
        "Reasons that begin with these letters",
        ("reason", "what would be right"),
        [
            (f"{start}…" if start.endswith("_") else start, re.sub("{.+?}", "the bound", words))
            for start, words in sorted(BY_TYPE.items())
        ],
    )


def markdown() -> str:
    parts = ["# Errors", INTRODUCTION]
    for table in tables():
        lines = [table.columns, ("---",) * len(table.columns)]
        lines += [
            (f'<a id="{table.prefix}{name}"></a>`{name}`', *cells) for name, *cells in table.rows
        ]
        parts.append(f"## {table.title}")
        parts.append("\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines))
    return "\n\n".join(parts) + "\n"


def html() -> str:
    parts = [f"<h1>Errors</h1>\n<p>{_marked(INTRODUCTION)}</p>"]
    for table in tables():
        head = "".join(f"<th>{column}</th>" for column in table.columns)
        rows = "\n".join(
            f'<tr id="{table.prefix}{name}"><td><code>{name}</code></td>'
            + "".join(f"<td>{_marked(cell)}</td>" for cell in cells)
            + "</tr>"
            for name, *cells in table.rows
        )
        parts.append(f"<h2>{table.title}</h2>\n<table>\n<tr>{head}</tr>\n{rows}\n</table>")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _marked(text: str) -> str:
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text))


if __name__ == "__main__":
    sys.stdout.write(markdown())
