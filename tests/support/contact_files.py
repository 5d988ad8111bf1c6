"""A file of contacts as it is read."""

import io

from shared.intake.contact_rows import Rows
from shared.intake.csv_contacts import CONTACT_COLUMNS, CsvContacts
from shared.intake.csv_file import CsvFile
from shared.intake.csv_header import column_map
from shared.intake.encodings import as_text


class ContactFile:
    """`rows` are the contacts with their lines; `file` has the errors, warnings and columns."""

    def __init__(
        self,
        content: str | bytes,
        *chosen: str,
        default_region: str | None = None,
        delimiter: str | None = None,
        header: bool | None = None,
    ) -> None:
        """`chosen` are entries of a column map, such as `number:Mobile`."""
        content = content.encode() if isinstance(content, str) else content
        self.file = CsvFile(
            as_text(io.BytesIO(content)),
            CONTACT_COLUMNS,
            chosen=column_map(chosen, CONTACT_COLUMNS),
            delimiter=delimiter,
            header=header,
        )
        read = Rows(default_region=default_region, default_zone=None)
        self.groups = read.groups
        self.rows = list(CsvContacts(self.file, read).rows())
