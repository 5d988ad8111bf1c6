"""Use case of the dialects: an API key for a client of a vendor's API, and the ids that it names.

The ids are those of the tenant's own call flows, numbers, pools and agents, as the dialect spells
them: a dialect has no directory of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from services.api import api_keys
from services.api.api_keys import MadeKey
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused
from shared.db.api import campaigns, dialect_ids
from shared.db.api.dialect_ids import IdKind
from shared.db.types import Connection
from shared.definitions.call import CallTerms
from shared.dialects import smartalex, wavix
from shared.dialects.voiceaiwrapper import Kind, global_id
from shared.domain.access import KeyScope

Id = int | str

NO_TRUNK = "there is no trunk of this name"
SAID_BY_CLIENT = "clients of this vendor's API choose the trunk with the agent; leave it out"


class Dialect(StrEnum):
    """The vendors' APIs that are served; each stands below the path of its name."""

    WAVIX = "wavix"
    SMARTALEX = "smartalex"
    VOICEAIWRAPPER = "voiceaiwrapper"


@dataclass(frozen=True, slots=True)
class Access:
    """The scopes of a client's key, and the things that it names by id.

    `ids` has their kinds by the names that the vendor has for them, each with its spelling. `base`
    is the end of the vendor's base URL. `trunk_by_key`: the vendor's API cannot say the trunk of a
    call, so it is a term of the key.
    """

    scopes: tuple[KeyScope, ...]
    ids: Mapping[str, tuple[IdKind, Callable[[Any], Id]]] = field(default_factory=dict)
    base: str = ""
    trunk_by_key: bool = False


ACCESS = {
    Dialect.WAVIX: Access(
        (KeyScope.CALLS, KeyScope.WEBHOOKS),
        {
            "callflow_id": (IdKind.CALL_FLOWS, int),
            "caller_id": (IdKind.CALLER_IDS, wavix.number),
        },
        trunk_by_key=True,
    ),
    Dialect.SMARTALEX: Access(
        (KeyScope.CAMPAIGNS, KeyScope.CONTACTS, KeyScope.CALLS, KeyScope.WEBHOOKS),
        {"agent_id": (IdKind.AGENTS, partial(smartalex.spelled, smartalex.Kind.AGENT))},
        base=smartalex.BASE,
    ),
    Dialect.VOICEAIWRAPPER: Access(
        (KeyScope.CAMPAIGNS, KeyScope.CONTACTS),
        {
            "tenant_id": (IdKind.TENANT, partial(global_id, Kind.TENANT)),
            "tenant_voice_provider_id": (IdKind.TRUNKS, partial(global_id, Kind.PROVIDER)),
            "assistant_id": (IdKind.PROVIDER_AGENTS, str),
            "assistant_id_of_call_flow": (IdKind.CALL_FLOWS, partial(global_id, Kind.CALL_FLOW)),
            "phone_number_id": (IdKind.CALLER_IDS, str),
            "phone_number_pool_id": (IdKind.NUMBER_POOLS, partial(global_id, Kind.NUMBER_POOL)),
        },
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The text of the key is known now only; `ids` are those of each kind, by name."""

    key: MadeKey
    path: str
    ids: dict[str, dict[str, Id]]


async def create(
    resources: Resources,
    caller: Caller,
    dialect: Dialect,
    *,
    name: str,
    calls: CallTerms,
    now: datetime,
) -> Credentials:
    access = ACCESS[dialect]
    ids: dict[str, dict[str, Id]] = {}
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await _refuse_trunk(conn, caller, access, calls)
        for label, (kind, spelled) in access.ids.items():
            found = await dialect_ids.of(conn, kind, tenant_id=caller.tenant_id)
            ids[label] = {name: spelled(own) for name, own in found.items()}
    made = await api_keys.create(
        resources,
        caller,
        name=name,
        scopes=access.scopes,
        networks=[],
        expires_at=None,
        call_terms=calls,
        now=now,
    )
    return Credentials(key=made, path=f"/{dialect}{access.base}", ids=ids)


async def _refuse_trunk(conn: Connection, caller: Caller, access: Access, calls: CallTerms) -> None:
    """Refuse a trunk that the calls of the key cannot go out by."""
    if not access.trunk_by_key:
        if "trunk" in calls.model_fields_set:
            raise Refused("contradiction", SAID_BY_CLIENT, field=("calls", "trunk"))
        return
    if not await campaigns.find_trunks(conn, tenant_id=caller.tenant_id, names=[calls.trunk]):
        raise Refused("unknown_trunk", NO_TRUNK, field=("calls", "trunk"))
