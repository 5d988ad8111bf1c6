"""A sentence for people on each reason for which a row, a cell or a file is not taken as it is."""

from shared.domain.places import numbers
from shared.intake.column_names import FIELDS

REMEDIES = (
    numbers.REMEDIES
    | {
        # Other fields may be too long as well.
        "too_long": "longer than it may be",
        "both_suppressed": "may be a national number or one with a country code; both are "
        "suppressed",
        "unknown_zone": "unknown time zone; use an IANA name such as Europe/London",
        "fixed_offset": "an offset, which is wrong for a part of the year where clocks change; use "
        "the zone of a place, such as America/New_York",
        "invalid_postal_code": "no such code in this country, which is the number's if not given",
        "unknown_country": "unknown country; use its code by ISO 3166-1, such as US, or its name",
        "unknown_region": "unknown in this country, which is the number's if not given; "
        "use ISO 3166-2",
        "not_an_instant": "not an instant with its offset, like 2031-01-31T00:00:00Z",
        "in_the_past": "must be in the future",
        "too_far": "must be within a hundred years; leave it out for good",
        "nul_byte": "must not contain a NUL byte",
        "not_utf8": "must be UTF-8; save the file as `CSV UTF-8`, or say its encoding",
        "lost_letter": "a letter was lost when the text was stored; export the file again, or say "
        "its encoding",
        "unknown_encoding": "the text begins here to be no UTF-8, and could be read in several "
        "ways; save the file as `CSV UTF-8`, or say its encoding, such as encoding=windows-1252 "
        "(Western Europe), windows-1250 (Central Europe) or windows-1251 (Cyrillic)",
        "is_utf8": "the file is UTF-8 and not in the encoding that is said; leave `encoding` out",
        "workbook": "a workbook or a ZIP file; save the sheet as `CSV UTF-8`",
        "not_json": "must be a JSON object on a line of its own, each name in it once",
        "not_a_text": "must be a text in quotes",
        "not_an_object": "must be a JSON object",
        "not_a_list": "must be a JSON list of texts",
        "not_storable": "must be JSON without NUL characters, numbers of 64 bits, at most 8 levels "
        "deep",
        "unknown_field": "no field of a contact; put what is your own into `attributes`",
        "bad_quoting": "a quote stands where none may be; double each quote inside a quoted cell",
        "unclosed_quote": "a quote is opened here and never closed",
        "too_many_cells": "more cells than the header has; quote a cell with a separator in it",
        "too_many_columns": "more than 500 columns",
        "unnamed_column": "a column without a name, which is ignored",
        "missing_column": "no column is the number; name it `number`",
        "unknown_column": "the file has no such column",
        "duplicate_column": "two columns have this name or meaning; rename one of them",
        "no_header": "the first line has a number and no names of columns; put a line of names "
        "before it, or say header=false and which column is which, such as column=number:1",
        "more_than_five_numbers": "a contact has up to five numbers, with the first one",
        "duplicate": "the campaign or a row before has this number already",
        "unnamed_number": "say which column is the number by its place, such as column=number:1",
        "unknown_delimiter": "the first line can be split in several ways; say delimiter=",
        "unknown_separator": "`sep=` is followed by one of , ; | or a tab",
    }
    | {
        f"resembles_{field}": "the name of this column is not known, but resembles those of "
        f"{field}; if it is meant so, say column={field}:NAME"
        for field in FIELDS
    }
)
