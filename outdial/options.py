"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DIRECTORY = Path(".outdial")

Directory = Annotated[
    Path,
    typer.Option(
        "--dir", file_okay=False, resolve_path=True, help="Where the local stack keeps its data."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Api = Annotated[
    str | None, typer.Option(envvar="OUTDIAL_API_URL", help="Default: that of the local stack.")
]
Key = Annotated[
    str | None,
    typer.Option(envvar="OUTDIAL_API_KEY", help="Default: that of the stack's own tenant."),
]
ExistingFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
TimeScale = Annotated[
    float, typer.Option(min=0, help="How long the simulated calls last: 0.1 is a tenth.")
]
Packs = Annotated[
    Path | None,
    typer.Option(
        "--packs", envvar="OUTDIAL_RULEPACKS", help="A directory with rule packs of your own."
    ),
]
