"""The `outdial` command line; what a command needs is imported when it runs."""

# ruff: noqa: PLC0415 - `outdial --help` and `outdial down` should not wait for everything else.

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from outdial.commands.rules import rules
from outdial.commands.simulate import simulate
from outdial.errors import OutdialError
from outdial.interrupts import run_interruptible


class Commands(TyperGroup):
    """Shows our own errors as a line, and every other one as what it is: a defect."""

    @override
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().__call__(*arguments, **options)
        except OutdialError as error:
            typer.echo(f"outdial: {error}", err=True)
            raise SystemExit(1) from error


app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
tenant = typer.Typer(no_args_is_help=True, help="Tenants and their API keys.")
app.add_typer(tenant, name="tenant")
app.add_typer(rules, name="rules")
app.command()(simulate)
blackout = typer.Typer(no_args_is_help=True, help="Emergency stops, everywhere or by area.")
app.add_typer(blackout, name="blackout")

Directory = Annotated[
    Path, typer.Option("--dir", file_okay=False, help="Where the local stack keeps its data.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Scale = Annotated[
    list[str] | None, typer.Option("--scale", metavar="SERVICE=N", help="Like dialer=2.")
]
TimeScale = Annotated[
    float, typer.Option(min=0, help="How long the simulated calls last: 0.1 is a tenth.")
]
Api = Annotated[
    str | None, typer.Option(envvar="OUTDIAL_API_URL", help="The local stack's when left out.")
]
Key = Annotated[
    str | None, typer.Option(envvar="OUTDIAL_API_KEY", help="A new tenant's when left out.")
]
ExistingFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
TenantId = Annotated[
    int | None, typer.Option("--tenant", metavar="ID", help="All of them when left out.")
]
BEGAN_AT = time.time()
DEFAULT = Path(".outdial")
# A second api or scheduler has nothing to do on one machine, but nothing forbids it.
SCALABLE = ("api", "scheduler", "dialer", "events")


@app.command()
def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Leave it running.")] = False,
    as_json: Json = False,
    directory: Directory = DEFAULT,
    scale: Scale = None,
    time_scale: TimeScale = 1.0,
) -> None:
    """Start PostgreSQL, Redis, Kafka, a simulated carrier and the four services."""
    from outdial.commands import stack

    run_interruptible(
        stack.up(
            directory.absolute(),
            detach=detach,
            as_json=as_json,
            scale=_parse_scale(scale or []),
            time_scale=time_scale,
        )
    )


@app.command()
def status(*, as_json: Json = False, directory: Directory = DEFAULT) -> None:
    """Show every address and process of the local stack."""
    from outdial.commands import stack

    stack.show(directory.absolute(), as_json=as_json)


@app.command()
def down(*, directory: Directory = DEFAULT) -> None:
    """Stop what `outdial up` started, and nothing else."""
    from outdial.commands import stack

    run_interruptible(stack.down(directory.absolute()))


@tenant.command("create")
def create_tenant(name: str, *, as_json: Json = False, directory: Directory = DEFAULT) -> None:
    """Make a tenant and its API key, which is shown this once."""
    from outdial.commands import tenants

    run_interruptible(tenants.create(name, directory.absolute(), as_json=as_json))


@blackout.command("add")
def add_blackout(
    reason: str,
    *,
    tenant_id: TenantId = None,
    jurisdiction: Annotated[
        str | None, typer.Option("--in", metavar="US|US-LA", help="Everywhere when left out.")
    ] = None,
    starts_at: Annotated[
        str | None, typer.Option("--from", metavar="INSTANT", help="Now when left out.")
    ] = None,
    ends_at: Annotated[
        str | None, typer.Option("--until", metavar="INSTANT", help="Until ended when left out.")
    ] = None,
    directory: Directory = DEFAULT,
) -> None:
    """Stop calls; nobody loses an attempt by it."""
    from outdial.commands import blackouts

    run_interruptible(
        blackouts.add(
            reason,
            directory.absolute(),
            tenant_id=tenant_id,
            jurisdiction=jurisdiction,
            starts_at=starts_at,
            ends_at=ends_at,
        )
    )


@blackout.command("list")
def list_blackouts(
    *, tenant_id: TenantId = None, as_json: Json = False, directory: Directory = DEFAULT
) -> None:
    """Show the last black-outs, those that are over among them."""
    from outdial.commands import blackouts

    run_interruptible(blackouts.show(directory.absolute(), tenant_id=tenant_id, as_json=as_json))


@blackout.command("end")
def end_blackout(blackout_id: int, *, directory: Directory = DEFAULT) -> None:
    """Let calls go on."""
    from outdial.commands import blackouts

    run_interruptible(blackouts.end(blackout_id, directory.absolute()))


@app.command()
def run(
    campaign: ExistingFile,
    contacts: ExistingFile,
    *,
    directory: Directory = DEFAULT,
    api: Api = None,
    key: Key = None,
) -> None:
    """Create a campaign, import its contacts, start it and watch it until it is done."""
    from outdial.commands import campaigns

    run_interruptible(
        campaigns.run(campaign, contacts, directory=directory.absolute(), api=api, key=key)
    )


@app.command()
def why(
    what: Annotated[
        str | None, typer.Argument(metavar="CONTACT|ATTEMPT", help="A number, or a UUID.")
    ] = None,
    *,
    campaign: Annotated[
        int | None, typer.Option(metavar="ID", help="What the contacts of a campaign wait for.")
    ] = None,
    directory: Directory = DEFAULT,
    api: Api = None,
    key: Key = None,
) -> None:
    """Say why a contact or an attempt is called or not, by which rule, and when it may be next."""
    from outdial.commands import why as explanation

    run_interruptible(
        explanation.why(what, campaign=campaign, directory=directory.absolute(), api=api, key=key)
    )


@app.command()
def demo(*, directory: Directory = DEFAULT / "demo", time_scale: TimeScale = 0.05) -> None:
    """Run the sample campaign on a local stack of its own, sum it up, and stop everything."""
    from outdial.commands import demo as demonstration

    run_interruptible(
        demonstration.demo(directory.absolute(), time_scale=time_scale, began_at=began_at())
    )


@app.command(
    "carrier",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def simulate_carrier(context: typer.Context) -> None:
    """Run the simulated carrier by itself."""
    from outdial.carrier.__main__ import carrier

    command = typer.Typer(add_completion=False)
    command.command()(carrier)
    command(context.args, prog_name="outdial carrier")


def began_at() -> float:
    """When this process began, imports included; `make demo` says when it was itself called."""
    return float(os.environ.get("OUTDIAL_DEMO_BEGAN_AT") or BEGAN_AT)


def _parse_scale(wanted: list[str]) -> dict[str, int]:
    scale = {}
    for each in wanted:
        name, _, count = each.partition("=")
        if name not in SCALABLE or not count.isdecimal() or not int(count):
            raise typer.BadParameter(f"{each!r}: like dialer=2, for one of {', '.join(SCALABLE)}")
        scale[name] = int(count)
    return scale


if __name__ == "__main__":
    app()
