"""`outdial carrier`, which is also `python -m outdial.carrier`: runs the simulated carrier."""

# ruff: noqa: PLC0415 - imported when the command runs: other commands need no HTTP server.

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from outdial.carrier.behaviour import Behaviour

app = typer.Typer()


@app.command()
def carrier(
    *,
    host: str = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where it listens; 0 takes a free port.")
    ] = 0,
    log: Annotated[
        Path, typer.Option(help="The file to which it appends each call as JSON.")
    ] = Path("carrier.jsonl"),
    seed: Annotated[
        int, typer.Option(help="Outcomes are drawn by this number; another one draws others.")
    ] = 1,
    max_concurrent: Annotated[
        int, typer.Option(min=0, help="Refuse more calls at once than this; 0 refuses none.")
    ] = 0,
    calls_per_second: Annotated[
        int, typer.Option(min=0, help="Refuse more calls per second than this; 0 refuses none.")
    ] = 0,
    time_scale: Annotated[
        float, typer.Option(min=0, help="How long calls last: 0.01 is 100 times faster.")
    ] = 1.0,
    behaviour: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A JSON file with shares of outcomes, lengths and faults.",
        ),
    ] = None,
) -> None:
    """Run the simulated carrier, which takes calls over HTTP, plays them and logs them."""
    from outdial.carrier.behaviour import Behaviour
    from outdial.carrier.log import LogInUseError
    from outdial.carrier.process import CarrierOptions, serve

    options = CarrierOptions(
        host=host,
        port=port,
        log=log,
        seed=seed,
        max_concurrent=max_concurrent,
        calls_per_second=calls_per_second,
        time_scale=time_scale,
        behaviour=Behaviour() if behaviour is None else _read_behaviour(behaviour),
    )
    try:
        asyncio.run(serve(options))
    except (LogInUseError, OSError) as error:
        typer.echo(f"carrier: {error}", err=True)
        raise typer.Exit(1) from error


def _read_behaviour(path: Path) -> "Behaviour":
    from outdial.carrier.behaviour import Behaviour

    try:
        return Behaviour.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--behaviour") from error
