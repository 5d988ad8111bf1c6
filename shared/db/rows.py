"""Values of the domain made of the rows that hold them: one function per value."""

import asyncpg

from shared.definitions.campaign import parse_definition
from shared.domain.capacity.scopes import Caps, Scope, caps_of, scopes_of


def campaign_caps(row: asyncpg.Record) -> dict[Scope, Caps]:
    """The caps above a campaign's calls, from its row with those of its tenant and its trunk."""
    own = parse_definition(row["definition"]).caps
    return caps_of(
        scopes_of(tenant=row["tenant_id"], trunk=row["trunk_id"], campaign=row["id"]),
        tenant=Caps(row["tenant_concurrent"], row["tenant_rate"]),
        trunk=Caps(row["trunk_concurrent"], row["trunk_rate"]),
        campaign=Caps(own.max_concurrent, own.calls_per_second),
    )
