"""`outdial trunk rates`: the prices of the calls over a trunk, from a CSV file."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no database.

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.errors import OutdialError
from outdial.options import DEFAULT_DIRECTORY, Directory, Json
from outdial.stack.addresses import connected

if TYPE_CHECKING:
    from shared.intake.csv_rates import ReadRates
    from shared.intake.row_errors import RowError


async def replace(
    name: Annotated[str, typer.Argument(help="The trunk, as campaigns name it.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="RATES.csv",
            exists=True,
            dir_okay=False,
            help="A header with prefix, price_per_minute and, if it is not each started minute "
            "that is charged, first_seconds and increment_seconds.",
        ),
    ],
    *,
    currency: Annotated[str, typer.Option(metavar="CODE", help="Of all prices, like USD.")],
    starts_at: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Like 2031-01-31T00:00Z. Default: now."),
    ] = None,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Replace the rates of a trunk, which price the calls whose carrier tells no price.

    The longest prefix of a number has its rate. One faulty row refuses the whole file.
    """
    from datetime import UTC, datetime

    from outdial.terminal import instant_of
    from shared.db import rate_tables, trunks

    if not (
        len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()
    ):
        raise OutdialError(f"--currency: {currency!r} is not a code of ISO 4217, like USD")
    effective_from = instant_of("--from", starts_at) if starts_at else datetime.now(UTC)
    read = _rates(file)
    async with connected(directory) as conn:
        found = await trunks.every(conn, name=name)
        if not found:
            raise OutdialError(f"there is no trunk {name}: `outdial trunk list` shows all")
        async with conn.transaction():
            await rate_tables.replace(
                conn,
                found[0].id,
                currency=currency,
                effective_from=effective_from,
                rates=read.rates,
            )
    summary = {"name": name, "prefixes": len(read.rates), "currency": currency}
    replaced = summary | {"from": effective_from.isoformat(), "ignored_columns": read.ignored}
    for column in read.ignored:
        typer.echo(f"the column {column!r} is passed over", err=True)
    text = f"trunk {name}: {len(read.rates):,} rates in {currency} from {replaced['from']}"
    typer.echo(json.dumps(replaced) if as_json else text)


def _rates(file: Path) -> "ReadRates":
    from outdial.client import SHOWN_ERRORS
    from shared.intake.csv_rates import read_rates
    from shared.intake.row_errors import FileError

    try:
        with file.open("rb") as opened:
            read = read_rates(opened)
    except FileError as error:
        raise OutdialError(f"{file}, {_place(error.error)}") from None
    if read.errors:
        lines = [f"  {_place(error)}" for error in read.errors[:SHOWN_ERRORS]]
        left = len(read.errors) - SHOWN_ERRORS
        lines += [f"  and {left:,} more"] if left > 0 else []
        raise OutdialError("\n".join((f"{file}: nothing is changed", *lines)))
    return read


def _place(error: "RowError") -> str:
    column = f", {error.field}" if error.field else ""
    return f"line {error.line}{column}: {error.remedy}"
