"""The `outdial` command line: each command stands in a module of its own.

Those modules import little when they are imported, and the rest when a command runs, so that
`outdial --help` and `outdial down` are quick.
"""

from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from outdial import blackouts, tenants
from outdial.campaigns import command as campaigns
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
for module in (stack, campaigns, why, simulation, carrier):
    app.add_typer(module.app)
app.add_typer(rules.app, name="rules")
app.add_typer(tenants.app, name="tenant")
app.add_typer(blackouts.app, name="blackout")

if __name__ == "__main__":
    app()
