"""Spellings of a phone number: the digits of a cell that holds one plain number, or its fault.

The text decides alone; which digits are a number is for the numbering plans to say.
"""

import re
import unicodedata

from shared.domain.places.spelling_faults import fault_of

# Longer than every spelling of one number.
_LONGEST = 64
_LONGEST_MARKED = 256
# Nearly all other numbers in lists: an area code in parentheses, and groups of digits.
_COMMON = re.compile(
    r"(?:\+?[0-9]++|\+?(?:[0-9]{1,3}[ -]?)?\([0-9]{1,5}\)[ -]?[0-9]++)(?:[ -][0-9]{2,}+)*+"
    r"|(?:1\.)?[0-9]{3}\.[0-9]{3}\.[0-9]{4}|0[0-9](?:\.[0-9]{2}){4}"
)
_SEPARATORS = str.maketrans("", "", "+ ().-/")

# Full-width letters, the minus sign and the long vowel of Japanese, which stand for ASCII.
_LOOK_ALIKES = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x2212: "-", 0x30FC: "-"}
# Dashes that mean a range.
_WAVES = "\u301c\u3030"
# The last two digits of a range, after a dash that is no hyphen.
_RANGE = re.compile(r"[0-9] ?[\u2013-\u2015\u2212] ?[0-9]{1,2}\s*\Z")
# The pairs of digits at the end of French and Russian numbers, where all dashes are of this kind.
_PAIRS = re.compile(r"(?<![0-9])[0-9]{2,3}(?:[\u2013-\u2015\u2212][0-9]{2}){2}\s*\Z")
_RIGHT_TO_LEFT_OVERRIDE = "\u202e"

# The formula or apostrophe by which a spreadsheet keeps a text, and the scheme of a link.
_WRAPPED = re.compile(r"""=" ?([^"]*?) ?"|['\u2018\u2019] ?(.*)|(?i:tel): ?(.*)""", re.DOTALL)
# A country code, a trunk prefix or an area code in parentheses, at the beginning.
_PARENTHESES = re.compile(
    r"((?:\+ ?)?(?:[0-9]{1,3}[ .-]?){0,2})\( ?(\+?[0-9][0-9 -]{0,7}) ?\)[ ./-]{0,3}(?=[0-9(])"
)
_GROUPS = re.compile(r"(?:\+ ?)?[0-9]+(?:(?: ?[/-] ?|[ .])[0-9]+)*")
_SLASH_OR_GAP = re.compile(r" ?/ ?| - ?|- ")
_CODE_AND_SLASH = re.compile(r"^(\+ ?[0-9]{1,3}|00[1-9][0-9]{0,2}) ?/ ?")
_TEN_WITH_GAPS = re.compile(r"(?:\+? ?1 ?[/-] ?)?[2-9][0-9]{2}( - | ?/ ?)[0-9]{3}\1[0-9]{4}")

_WORD = re.compile(
    r"(\+?1[ .-]?)?(\([2-9][0-9]{2}\)|[2-9][0-9]{2})[ .-]?"
    r"(?:[0-9]{3}[ .-]?[A-Z]{4}|(?=(?:[ .-]?[A-Z]){7}\Z)[A-Z]+(?:[ .-][A-Z]+){0,2})"
)
_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
# A word of these alone is rather digits that were typed as letters.
_LIKE_DIGITS = frozenset("BILOSZ")


# The digits, whether a plus is before them, and whether letters without a plus are among them.
Spelling = tuple[str, bool, bool]


def spelled(text: str) -> Spelling | str:
    """The one number that the text spells plainly, or the reason why it does not."""
    if text.isascii() and len(text) <= _LONGEST:
        digits = text.removeprefix("+")
        if digits.isdigit():
            return digits, text[0] == "+", False
        if _COMMON.fullmatch(text):
            return digits.translate(_SEPARATORS), text[0] == "+", False
    plain = text.strip()
    if len(plain) <= _LONGEST_MARKED:
        if _RANGE.search(plain) and not _PAIRS.search(plain):
            return "several_numbers"
        plain = _plain(plain)
    if len(plain) <= _LONGEST:
        spelling = _in_groups(plain) or _in_words(plain.upper())
        if spelling:
            return spelling
    return fault_of(plain, longest=_LONGEST)


def _plain(text: str) -> str:
    """ASCII for digits and separators of other scripts, without wrapping and repeated spaces."""
    if not text.isascii():
        text = "".join(map(_in_ascii, text.translate(_LOOK_ALIKES))).strip()
    if "  " in text:
        text = re.sub("  +", " ", text)
    wrapped = _WRAPPED.fullmatch(text)
    return text if wrapped is None else next(filter(None, wrapped.groups()), "")


def _in_ascii(letter: str) -> str:
    """Without the invisible marks that address books put around numbers, unless they turn it."""
    match unicodedata.category(letter):
        case "Nd":
            return str(unicodedata.decimal(letter))
        case "Zs":
            return " "
        case "Pd" if letter not in _WAVES:
            return "-"
        case "Cf" if letter != _RIGHT_TO_LEFT_OVERRIDE:
            return ""
    return letter


def _in_groups(text: str) -> Spelling | None:
    bare = text
    while "(" in bare:
        opened = _PARENTHESES.match(bare)
        if opened is None:
            return None
        bare = f"{opened[1]}{opened[2]} {bare[opened.end() :]}"
    bare = _CODE_AND_SLASH.sub(r"\1 ", bare, count=1) if "/" in bare else bare
    if not _GROUPS.fullmatch(bare) or _is_decimal(bare) or _is_list(bare):
        return None
    return bare.translate(_SEPARATORS), bare[0] == "+", False


def _is_decimal(text: str) -> bool:
    """Whether the last dot may be a decimal point: where it is not surely one between groups."""
    *before, last = (re.split("[ /-]", part) for part in text.split("."))
    if not before:
        return False
    left, right = len(before[-1][-1]), len(last[0])
    if len(before) > 1:
        return right < 3 and not left == right == 2
    # After the area code or in the middle; a float has neither leading zero nor separators.
    marked = last[0].strip("0") and re.match(r"\+|0[0-9]|[0-9.]+[ -]", text)
    return not (marked and left <= 6 and right >= 4 and (left > 1 or text[0] == "+"))


def _is_list(text: str) -> bool:
    """Whether a slash or a dash between spaces parts two numbers, not an area code from its rest.

    A tail such as /68 is the end of a second number.
    """
    if _TEN_WITH_GAPS.fullmatch(text):
        return False
    gap = next(_SLASH_OR_GAP.finditer(text), None)
    if gap is None:
        return False
    before, rest = text[: gap.start()].translate(_SEPARATORS), text[gap.end() :]
    longest = 8 if text[0] == "+" else 6 if text[0] == "0" else 3
    after = len(rest.translate(_SEPARATORS))
    return len(before) > longest or after < 5 or rest[0] == "0" or bool(_SLASH_OR_GAP.search(rest))


def _in_words(text: str) -> Spelling | None:
    """A vanity number of the North American plan."""
    word = _WORD.fullmatch(text)
    letters = set(filter(str.isalpha, text))
    if word is None or letters <= _LIKE_DIGITS:
        return None
    digits = text.translate(_KEYPAD).translate(_SEPARATORS)
    return digits, text[0] == "+", text[0] != "+"
