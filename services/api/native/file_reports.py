"""Parameters and answers that all imports of files have in common."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Literal, Self

from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from services.api.files import Reading, RowFates, chosen_columns, known_codec
from services.api.http.paging import View
from services.api.http.resources import Resources
from shared.domain.places.numbers import Numbers
from shared.intake.csv_header import Columns
from shared.intake.row_errors import Findings

FATES_EXAMPLE = """\
line,result,field,reason,first_line,remedy
3,refused,Mobile,too_short,,too short for a number of its country; write it with its area code
7,duplicate,,in_file,2,the first row is the contact
"""
FATES: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}, "example": FATES_EXAMPLE},
}


class FileQuery(BaseModel):
    """Any other parameter is refused: a misspelled one would change who is called."""

    model_config = ConfigDict(extra="forbid")

    column: list[str] = Field(
        default=[],
        max_length=20,
        description="`FIELD:NAME`, once per field: the column of this name is this field; an empty "
        "NAME: no column is. Fields that are not named are recognised by their columns' names",
        examples=[["number:Mobile", "zone:TZ"]],
    )
    encoding: str | None = Field(
        default=None,
        max_length=40,
        description="such as windows-1252 or utf-16; left out: the `charset` of Content-Type, else "
        "UTF-8, UTF-16, or the only way to read the letters; a file in doubt is refused",
        examples=["windows-1252"],
    )
    delimiter: str | None = Field(
        default=None,
        pattern=r'^(\t|[^\w\s"\x00])$',
        description="one character; left out: of a first line such as `sep=;`, or of the header",
        examples=[";"],
    )
    header: bool | None = Field(
        default=None,
        description="whether the first line names the columns; false: they are named by their "
        "places, as in `column=number:1`; left out: it does, but for a list of numbers alone",
    )
    numbers: Numbers | None = Field(
        default=None,
        description="numbers without + are national, or international; left out: a number that "
        "may be both is refused as `ambiguous`",
    )
    dry_run: bool = Field(default=False, description="answer as usual, and store nothing")
    format: Literal["json", "csv"] = Field(
        default="json",
        description="csv: a file with every row that was refused, warned of, a duplicate or "
        "suppressed, by line; each other row was taken",
    )

    def reading(self, columns: Columns, *, charset: str | None) -> Reading:
        """How the file is read, without a file of fates; `charset` is that of Content-Type."""
        return Reading(
            chosen=chosen_columns(self.column, columns),
            codec=known_codec(self.encoding or charset),
            delimiter=self.delimiter,
            header=self.header,
            numbers=self.numbers,
            dry_run=self.dry_run,
        )

    @contextmanager
    def telling(self, reading: Reading, resources: Resources) -> Iterator[Reading]:
        """The same with a file of fates, if it is asked for.

        A failed import closes that file, which is deleted with that; else the answer does.
        """
        with ExitStack() as failed:
            if self.format == "csv":
                file = tempfile.TemporaryFile(dir=resources.uploads.directory)  # noqa: SIM115
                reading = replace(reading, fates=RowFates(failed.enter_context(file)))
            yield reading
            failed.pop_all()


class RowView(View):
    line: int = Field(description="in the file, from 1")
    field: str | None = Field(description="the name of the column in the file")
    reason: str = Field(description="stable code", examples=["too_short"])
    remedy: str = Field(description="the fault and the way to mend it, for people")


class ColumnView(View):
    name: str = Field(examples=["Mobile"])
    taken_for: str = Field(description="a field, `attribute` or `ignored`", examples=["number"])


class FileReport(BaseModel):
    dry_run: bool = Field(description="nothing was stored")
    rejected: int = Field(description="rows with an error")
    errors: list[RowView] = Field(description="the first 1,000")
    errors_truncated: bool
    warnings: list[RowView] = Field(
        description="columns and cells that were passed over, the first 1,000; the rows count"
    )
    warnings_truncated: bool
    columns: list[ColumnView] = Field(description="each column of the file, in order")

    @classmethod
    def of(cls, file: Findings, *, dry_run: bool, **counts: Any) -> Self:
        return cls(
            dry_run=dry_run,
            rejected=file.errors.count,
            errors=[RowView.of(error) for error in file.errors.first],
            errors_truncated=file.errors.count > len(file.errors.first),
            warnings=[RowView.of(warning) for warning in file.warnings.first],
            warnings_truncated=file.warnings.count > len(file.warnings.first),
            columns=[ColumnView.of(column) for column in file.columns],
            **counts,
        )


def fates_answer(fates: RowFates) -> StreamingResponse:
    return StreamingResponse(
        fates.parts(),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="rows.csv"'},
    )
