"""Queries of the forecast: a campaign's policy and caps, and contacts that will not be called."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.db.rows import backups, campaign_caps, campaign_policy
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.call_flows import texts
from shared.domain.campaigns import CampaignKey
from shared.domain.capacity.scopes import Caps, Scope
from shared.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`excluded` counts contacts that are finished because their number may not be called."""

    policy: CampaignPolicy
    caps: dict[Scope, Caps]
    excluded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LackingContact:
    contact_id: int
    variables: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """The waiting contacts that lack a variable of the call flow: how many, and the first."""

    contacts: int
    first: list[LackingContact]


NOBODY_LACKS = Lacking(contacts=0, first=[])


async def plan(conn: Connection, *, tenant_id: int, campaign_id: int) -> Plan | None:
    row = await conn.fetchrow(
        """
        SELECT tenant_id, id, trunk_id, revision, definition, rules_revision, tenant_rules, caps,
            backups, call_flow, caller_ids, number_pool, agent,
            coalesce((
                SELECT value FROM campaign_counters
                WHERE tenant_id = $1 AND campaign_id = $2 AND name = 'finished.' || $3
            ), 0) AS excluded
        FROM campaign_terms
        WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        campaign_id,
        str(Outcome.EXCLUDED),
    )
    if row is None:
        return None
    policy = campaign_policy(row)
    return Plan(
        policy=policy,
        caps=campaign_caps(row, policy) | {trunk.scope: trunk.caps for trunk in backups(row)},
        excluded=row["excluded"],
    )


async def numbers(conn: Connection, campaign: CampaignKey, *, limit: int) -> list[tuple[int, str]]:
    """The ids and numbers of up to `limit` contacts that wait, by the index of the numbers."""
    rows = await conn.fetch(
        """
        SELECT id, phone AS number FROM contacts
        WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'pending'
        ORDER BY number LIMIT $3
        """,
        *campaign,
        limit,
    )
    return [(row["id"], row["number"]) for row in rows]


async def excluded(conn: Connection, plan: Plan, *, shown: int, among: int) -> list[int]:
    """The first contacts that are finished as excluded, among so many of the campaign."""
    if not plan.excluded:
        return []
    rows = await conn.fetch(
        """
        SELECT contact.id FROM (
            SELECT id, outcome FROM contacts WHERE tenant_id = $1 AND campaign_id = $2
            ORDER BY number LIMIT $4
        ) AS contact
        WHERE contact.outcome = $5 LIMIT $3
        """,
        *plan.policy.campaign,
        shown,
        among,
        str(Outcome.EXCLUDED),
    )
    return [row["id"] for row in rows]


async def waiting_in_groups(
    conn: Connection, campaign: CampaignKey, groups: Sequence[int], *, shown: int
) -> dict[int, list[int]]:
    """The first contacts that wait in each of the calling groups, by the index of due contacts."""
    if not groups:
        return {}
    rows = await conn.fetch(
        """
        SELECT g.id AS calling_group_id, contact.id
        FROM unnest($3::integer[]) AS g (id)
        CROSS JOIN LATERAL (
            SELECT id FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND calling_group_id = g.id
                AND state = 'pending'
            ORDER BY not_before LIMIT $4
        ) AS contact
        """,
        *campaign,
        groups,
        shown,
    )
    first: dict[int, list[int]] = {group: [] for group in groups}
    for row in rows:
        first[row["calling_group_id"]].append(row["id"])
    return first


async def lacking(conn: Connection, plan: Plan, *, shown: int) -> Lacking:
    """Reads all waiting contacts of the campaign, if its call flow requires a variable."""
    required = sorted(plan.policy.required_variables)
    if not required:
        return NOBODY_LACKS
    rows = await conn.fetch(
        """
        SELECT contact.id AS contact_id, lacked.variables, count(*) OVER () AS contacts
        FROM contacts AS contact
        CROSS JOIN LATERAL (
            SELECT array_agg(name ORDER BY name) AS variables
            FROM unnest($3::text[]) AS required (name)
            WHERE coalesce(
                CASE name WHEN $4 THEN contact.external_id ELSE contact.attributes ->> name END, ''
            ) = ''
        ) AS lacked
        WHERE contact.tenant_id = $1 AND contact.campaign_id = $2 AND contact.state = 'pending'
            AND lacked.variables IS NOT NULL
        ORDER BY contact.number LIMIT $5
        """,
        *plan.policy.campaign,
        required,
        texts.EXTERNAL_ID,
        shown,
    )
    return Lacking(
        contacts=rows[0]["contacts"] if rows else 0,
        first=[
            LackingContact(contact_id=row["contact_id"], variables=row["variables"]) for row in rows
        ],
    )
