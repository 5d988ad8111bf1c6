"""The words of Wavix's API: ids and numbers as it spells them."""


def number(e164: str) -> str:
    """Without the plus sign, as all of its answers and callbacks have it."""
    return e164.removeprefix("+")
