"""Names as people write them, which are compared by their letters and digits alone."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")


def words(name: str) -> list[str]:
    """The letters and digits of each word, without case and accents."""
    bare = "".join(
        mark for mark in unicodedata.normalize("NFKD", name) if not unicodedata.combining(mark)
    )
    return _WORD.findall(bare.casefold())


def plain(name: str) -> str:
    """The letters and digits of the whole name, without case and accents."""
    return "".join(words(name))
