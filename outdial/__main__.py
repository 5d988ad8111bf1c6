"""The `outdial` command line: each command stands in a module of its own.

Those modules import little when they are imported, and the rest when a command runs, so that
`outdial --help` and `outdial down` are quick.
"""

from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from outdial import (
    agents,
    attempts,
    audit,
    blackouts,
    call,
    callbacks,
    caller_ids,
    calls,
    contacts,
    destinations,
    dialects,
    erasures,
    flows,
    imports,
    keys,
    login,
    number_pools,
    sms,
    spend,
    suppressions,
    tenants,
    trunks,
)
from outdial.campaigns import command as campaigns
from outdial.campaigns import daily
from outdial.carrier import command as carrier
from outdial.errors import OutdialError
from outdial.rules import command as rules
from outdial.simulation import command as simulation
from outdial.stack import command as stack
from outdial.why import command as why


class Commands(TyperGroup):
    """Shows an OutdialError as one line; every other exception is a defect and keeps its trace."""

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
for module in (stack, login, campaigns, call, why, simulation, carrier):
    app.add_typer(module.app)
app.add_typer(rules.app, name="rules")
app.add_typer(tenants.app, name="tenant")
app.add_typer(keys.app, name="keys")
app.add_typer(dialects.app, name="dialect")
app.add_typer(trunks.app, name="trunk")
app.add_typer(daily.app, name="campaigns")
app.add_typer(contacts.app, name="contacts")
app.add_typer(imports.app, name="imports")
app.add_typer(erasures.app, name="erasures")
app.add_typer(attempts.app, name="attempts")
app.add_typer(calls.app, name="calls")
app.add_typer(callbacks.app, name="callbacks")
app.add_typer(flows.app, name="flows")
app.add_typer(sms.app, name="sms")
app.add_typer(sms.senders, name="sms-senders")
app.add_typer(caller_ids.app, name="caller-ids")
app.add_typer(number_pools.app, name="number-pools")
app.add_typer(agents.app, name="agents")
app.add_typer(suppressions.app, name="suppressions")
app.add_typer(destinations.app, name="destinations")
app.add_typer(spend.app, name="spend-ceiling")
app.add_typer(blackouts.app, name="blackout")
app.add_typer(audit.app, name="audit")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"outdial {version('outdial')}")
        raise typer.Exit


@app.callback()
def outdial(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Place outbound voice campaigns, and look after them.

    `outdial up --detach` starts a local stack with a simulated carrier; `outdial down` stops it.
    """


if __name__ == "__main__":
    app()
