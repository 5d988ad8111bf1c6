"""Old spellings of numbers that a plan maps one to one to new ones, and France's shared plan."""

import re
from collections.abc import Callable

from shared.domain.places.number_plans import Recognised, recognise

_New = str | Callable[[re.Match[str]], str]

# Viet Nam, 2018: the new prefix of each mobile prefix of four digits, without their zero
# (Ministry of Information and Communications, decision 798/QD-BTTTT).
_VIETNAM = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36",
    "167": "37", "168": "38", "169": "39",
    "186": "56", "188": "58", "199": "59",
}  # fmt: skip


def _ivorian(old: str) -> str:
    """The prefix: Orange is 07 or 27, MTN 05 or 25, Moov 01 or 21.

    The second digit of a mobile number and the third of a fixed one say whose it is.
    """
    if old[0] in "23":
        return {"0": "25", "8": "21"}.get(old[2], "27")
    return "01" if old[1] in "0123" else "05" if old[1] in "456" else "07"


# All digits of an old number with its country calling code, and those of the new one.
_RULES: tuple[tuple[re.Pattern[str], _New], ...] = (
    # Mexico, 2019-08-03: the mobile prefixes 1, 044 and 045 and the trunk prefix 01 ended (IFT).
    (re.compile(r"52(?:1|01|044|045)([0-9]{10})"), r"52\1"),
    # Brazil, 2016-11-06: mobile numbers got a 9 in front (Anatel, resolution 553/2010).
    (re.compile(r"55([1-9]{2})([6-9][0-9]{7})"), r"55\g<1>9\2"),
    # Colombia, 2021-09-01: fixed numbers of all areas got 60 in front (CRC, resolution 5826/2019).
    (re.compile(r"57([124-8][0-9]{7})"), r"5760\1"),
    # Viet Nam, 2018-11-15: mobile numbers of eleven digits with their zero became ten.
    (
        re.compile(rf"84({'|'.join(_VIETNAM)})([0-9]{{7}})"),
        lambda old: f"84{_VIETNAM[old[1]]}{old[2]}",
    ),
    # Côte d'Ivoire, 2021-01-31: the prefix of its operator came before each number (ARTCI).
    (
        re.compile(r"225((?:0[1-9]|2[0-4]|3[0-6]|[457][0-9]|8[4-9])[0-9]{6})"),
        lambda old: f"225{_ivorian(old[1])}{old[1]}",
    ),
    # Benin, 2024-11-30: numbers of eight digits got 01 in front (ARCEP Benin).
    (re.compile(r"229([0-9]{8})"), r"22901\1"),
)

_FRANCE = "33"
# The French plan is dialed alike in all of France, but its parts overseas have country codes of
# their own. These are the ranges that only their plans list; numbers with 8 are of all of France.
_OVERSEAS = re.compile(r"(?:26[2389]|508|59[0468]|639|69[0-7]|70[89]|9(?:39|47|76))[0-9]{6}")
_OVERSEAS_CODES = ("262", "508", "590", "594", "596")
# Saint-Pierre-et-Miquelon has six digits, which are dialed after 0508 in France.
_SAINT_PIERRE = "508"


def renewed(digits: str) -> Recognised | None:
    """The valid number that invalid digits with a country calling code stand for, if any."""
    if digits.startswith(_FRANCE):
        return overseas(digits.removeprefix(_FRANCE))
    for pattern, new in _RULES:
        old = pattern.fullmatch(digits)
        if old:
            text = new(old) if callable(new) else old.expand(new)
            return recognise(text, international=True, default_region=None)
    return None


def overseas(national: str) -> Recognised | None:
    """The number of France overseas that a national number of the French plan belongs to."""
    if not _OVERSEAS.fullmatch(national):
        return None
    found = [
        number
        for code in _OVERSEAS_CODES
        if (
            number := recognise(
                code + national.removeprefix(_SAINT_PIERRE if code == _SAINT_PIERRE else ""),
                international=True,
                default_region=None,
            )
        )
    ]
    return found[0] if len(found) == 1 else None
