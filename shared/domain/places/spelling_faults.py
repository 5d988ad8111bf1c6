"""Faults of cells that do not spell one number plainly, told apart so that each can be mended."""

import re

_DIGIT = re.compile(r"\d")

# Of a text in lower case, the first pattern that is found names the fault.
_FAULTS = (
    (
        "scientific_notation",
        re.compile(r"^[+-]?\d[\d ]*(?:[.,]\d*)? ?(?:e ?|[x*\u00d7] ?10 ?\^ ?|\u00d7 ?10)[+-]?\d+$"),
    ),
    (
        "extension",
        re.compile(
            r"[\d)][ ./,;-]*(?:"
            r"(?:ext\w*|xtn?|dw|durchwahl|poste|anexo|int|interno|toestel|\u0434\u043e\u0431)\b"
            r"|x ?\d|[#*]|,[ ,]*,|[pw]\d)"
        ),
    ),
    ("decimal", re.compile(r"^[+-]?[\d .,'()/-]*(?:,\d{0,3}|[.\u066b]\d*)$")),
    (
        "several_numbers",
        re.compile(
            r"[\d)]\s*(?:[/;|&,+(\n\r\t~\u2044\u301c\u3030]|(?<=\s)-|-(?=\s)"
            r"|\b(?:or|oder|ou|o|and|und|et|y|e|bzw|bis|to)\b)[^\d]*\d",
            re.DOTALL,
        ),
    ),
)


def fault_of(text: str, *, longest: int) -> str:
    """The reason code of a text of any length that was not read as a number."""
    if not text:
        return "empty"
    if not _DIGIT.search(text):
        return "not_a_number"
    if len(text) > longest:
        return "too_long"
    lower = text.lower()
    found = (reason for reason, pattern in _FAULTS if pattern.search(lower))
    return next(found, "letters" if any(map(str.isalpha, lower)) else "not_a_number")
