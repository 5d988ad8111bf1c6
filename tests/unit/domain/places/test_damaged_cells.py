"""No cell, however it was damaged, is read as a number that it does not contain as one number."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import phonenumbers
from phonenumbers import SUPPORTED_REGIONS, PhoneNumberFormat

from shared.domain.places.numbers import PhoneNumber, parse_number
from tests.support.numbers import count_of_cells, digits, valid_numbers

FORMATS = (
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.RFC3966,
)
# Plans with old spellings that they map one to one: only the end of a number stays.
REMAPPED = ("+52", "+54", "+55", "+57", "+84", "+225", "+229")
KEPT_END = 7
BETWEEN = [
    " ",
    "  ",
    " / ",
    "/",
    ";",
    "; ",
    ",",
    ", ",
    "|",
    "&",
    " & ",
    " - ",
    "\n",
    "\r\n",
    "\t",
    "+",
]
BETWEEN += [
    " or ",
    " oder ",
    " und ",
    " ou ",
    " y ",
    " + ",
    "~",
    " (",
    "\u301c",
    "//",
    " . ",
    "\u2028",
]
EXTENSIONS = [
    "x",
    " x",
    " ext ",
    " ext. ",
    "ext",
    " extension ",
    ";ext=",
    " #",
    "#",
    "*",
    ",,",
    ",",
]
EXTENSIONS += [
    "p",
    "w",
    " Durchwahl ",
    " DW ",
    " poste ",
    " anexo ",
    " int. ",
    "/",
    " / ",
    " - ",
    " (",
]
STRAY = "#*;,~_!?=&%@\n\t\\\"'|<>[]{}\u00b2\u00bd\u0301$:^`.-/() +eExXpwOoIl\u2460\u4e00"
WORDS = ["Tel. ", "mobile ", "Tel:", "+", "-", "=", "#31#", "~", "00", "call "]

Damage = Callable[[Random, str, str], str]


def float_tail(random: Random, cell: str, _other: str) -> str:
    return cell + random.choice([".", ","]) + random.choice(["0", "00", "000", "0000000", "5", ""])


def exponent(random: Random, cell: str, _other: str) -> str:
    number = int("".join(re.findall("[0-9]", cell)) or 0)
    text = f"{number:.{random.randint(0, 13)}e}"
    short = re.sub(r"e\+0?", random.choice(["e", "E", "E+", "e+", " E", "x10^", "\u00d710^"]), text)
    return random.choice([text, short, short.replace(".", ",")])


def two_numbers(random: Random, cell: str, other: str) -> str:
    return cell + random.choice(BETWEEN) + other


def two_ends(random: Random, cell: str, _other: str) -> str:
    return (
        cell
        + random.choice(["/", " / ", "/-", " - ", ";", ",", "|", "+"])
        + digits(random, random.randint(1, 4))
    )


def extension(random: Random, cell: str, _other: str) -> str:
    return cell + random.choice(EXTENSIONS) + digits(random, random.randint(1, 5))


def letters_for_digits(random: Random, cell: str, _other: str) -> str:
    letters = {"0": "Oo", "1": "lI", "5": "S", "8": "B", "2": "Z"}
    return "".join(
        random.choice(letters[letter]) if letter in letters and random.random() < 0.5 else letter
        for letter in cell
    )


def stray(random: Random, cell: str, _other: str) -> str:
    at = random.randint(0, len(cell))
    return cell[:at] + random.choice(STRAY) * random.randint(1, 2) + cell[at:]


def separated(random: Random, cell: str, _other: str) -> str:
    return "".join(
        letter + (random.choice(" -.()/") if random.random() < 0.2 else "") for letter in cell
    )


def other_script(random: Random, cell: str, _other: str) -> str:
    zero = random.choice("\u0660\u06f0\u0966\uff10\U0001d7ce")
    turned = re.sub("[0-9]", lambda digit: chr(ord(zero) + int(digit[0])), cell)
    return (
        random.choice(["", "\u202a", "\u202e", "\ufeff"]) + turned + random.choice(["", "\u202c"])
    )


def thousands(random: Random, cell: str, _other: str) -> str:
    number = int("".join(re.findall("[0-9]", cell)) or 0)
    text = f"{number:,}"
    return text.replace(",", random.choice([",", ".", "'", " "])) + random.choice(["", ".0", ",00"])


def worded(random: Random, cell: str, _other: str) -> str:
    return random.choice(WORDS) + cell


def nothing(_random: Random, cell: str, _other: str) -> str:
    return cell


DAMAGES: tuple[Damage, ...] = (
    float_tail,
    exponent,
    two_numbers,
    two_ends,
    extension,
    letters_for_digits,
    stray,
    separated,
    other_script,
    thousands,
    worded,
    nothing,
)


def spelled(random: Random, code: str, national: str) -> str:
    number = phonenumbers.parse(f"+{code}{national}")
    if random.random() < 0.6:
        return phonenumbers.format_number(number, random.choice(FORMATS))
    return random.choice([national, f"0{national}", f"{code}{national}", f"00{code}{national}"])


def cells(random: Random, count: int) -> Iterator[tuple[Damage, str, str | None, tuple[str, str]]]:
    """Damage, cell, default region, and the two undamaged numbers that may be in the cell."""
    numbers = valid_numbers(random)
    for _ in range(count):
        region, code, national = next(numbers)
        other = random.choice([national[:-1] + digits(random, 1), next(numbers)[2]])
        home = region if region in SUPPORTED_REGIONS and random.random() < 0.8 else None
        first = spelled(random, code, national)
        second = random.choice([other, f"0{other}", f"+{code}{other}", f"{code}{other}"])
        damage = random.choice(DAMAGES)
        yield damage, damage(random, first, second), home, (first, second)


def is_in(number: str, spelling: str) -> bool:
    """Whether the spelling has the number's digits at its end, or all but the area code."""
    text = "".join(re.findall("[0-9]", spelling))
    if number.startswith(REMAPPED):
        return text.endswith(number[-KEPT_END:])
    parsed = phonenumbers.parse(number)
    national = phonenumbers.national_significant_number(parsed)
    return text.endswith(national) or (
        number.startswith(("+1", "+44", "+508")) and number.endswith(text)
    )


def test_no_number_is_read_that_the_cell_does_not_contain_by_either_path() -> None:
    read: Counter[str] = Counter()
    cells_of: Counter[str] = Counter()

    for damage, cell, region, spellings in cells(Random(10), count_of_cells()):
        number = parse_number(cell, default_region=region)
        # A blank before the text keeps it off the fast path.
        assert number == parse_number(f" {cell}", default_region=region), (cell, region)
        cells_of[damage.__name__] += 1
        if isinstance(number, PhoneNumber):
            read[damage.__name__] += 1
            assert any(is_in(number.e164, text) for text in spellings), (cell, region, number)

    assert not any(read[kind] for kind in ("float_tail", "exponent"))
    assert read["nothing"] > cells_of["nothing"] * 0.6
