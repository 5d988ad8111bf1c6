"""spend_days, and the reserves of live attempts: what is spent under ceilings. Events writes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from asyncpg import Record

from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.campaigns import CampaignKey
from shared.domain.spend import (
    Amounts,
    CeilingKind,
    Ceilings,
    Spend,
    SpendCeiling,
    day_of,
    standing,
)


class SpendDay(NamedTuple):
    """The key of a row, in the order in which rows are locked."""

    tenant_id: int
    campaign_id: int
    day: date
    currency: str


class _Scope(NamedTuple):
    """What a sum is about: a campaign or, without one, a tenant. Reserves have no currency."""

    tenant_id: int
    campaign_id: int | None
    currency: str | None


async def standing_of(
    conn: Connection, policies: Mapping[CampaignKey, CampaignPolicy]
) -> dict[CampaignKey, tuple[SpendCeiling, ...]]:
    """The ceilings of those campaigns that have any; without one nothing is read."""
    ceilings = {
        key: policy.ceilings for key, policy in policies.items() if policy.ceilings is not None
    }
    if not ceilings:
        return {}
    known = await by_campaign(conn, ceilings)
    return {key: tuple(standing(own, known[key])) for key, own in ceilings.items()}


async def by_campaign(
    conn: Connection, ceilings: Mapping[CampaignKey, Ceilings], *, at: datetime | None = None
) -> dict[CampaignKey, Spend]:
    """What is spent and reserved under the ceilings of these campaigns, on the day of an instant.

    Without an instant it is the day of PostgreSQL's clock.

    One statement, so a call that ends meanwhile counts once, with its reserve or with its price.
    """
    rows = await conn.fetch(
        """
        WITH asked AS (
            SELECT tenant_id, id FROM unnest($1::integer[], $2::bigint[]) AS asked (tenant_id, id)
        ),
        asked_tenant AS (SELECT DISTINCT tenant_id AS id FROM asked),
        calendar AS (
            SELECT coalesce($3::date, (statement_timestamp() AT TIME ZONE 'UTC')::date) AS day
        ),
        known AS (
            SELECT spend.tenant_id, spend.campaign_id, spend.currency, spend.day, spend.spent,
                0 AS reserved
            FROM asked JOIN spend_days AS spend
                ON spend.tenant_id = asked.tenant_id AND spend.campaign_id = asked.id
            UNION ALL
            -- Of the other campaigns of the tenant the day counts.
            SELECT spend.tenant_id, spend.campaign_id, spend.currency, spend.day, spend.spent, 0
            FROM calendar CROSS JOIN asked_tenant JOIN spend_days AS spend
                ON spend.tenant_id = asked_tenant.id AND spend.day = calendar.day
            WHERE (spend.tenant_id, spend.campaign_id) NOT IN (SELECT tenant_id, id FROM asked)
            UNION ALL
            SELECT attempt.tenant_id, attempt.campaign_id, NULL,
                (attempt.dialing_at AT TIME ZONE 'UTC')::date, 0, attempt.reserved
            FROM asked_tenant
            -- OFFSET 0 keeps the tenants outside, so each is an equality on attempts_live.
            CROSS JOIN LATERAL (
                SELECT tenant_id, campaign_id, dialing_at, reserved FROM attempts
                WHERE tenant_id = asked_tenant.id AND ended_at IS NULL OFFSET 0
            ) AS attempt
            WHERE attempt.reserved IS NOT NULL
        )
        SELECT known.tenant_id, known.campaign_id, known.currency,
            known.day = calendar.day AS is_today, sum(known.spent) AS spent,
            sum(known.reserved) AS reserved
        FROM known CROSS JOIN calendar
        GROUP BY known.tenant_id, known.campaign_id, known.currency, is_today
        """,
        [campaign.tenant_id for campaign in ceilings],
        [campaign.campaign_id for campaign in ceilings],
        None if at is None else day_of(at),
    )
    return _sums(rows, ceilings)


def _sums(
    rows: Sequence[Record], ceilings: Mapping[CampaignKey, Ceilings]
) -> dict[CampaignKey, Spend]:
    """Each sum is made once for its tenant or campaign, however many campaigns ask for it."""
    today, in_all = defaultdict[_Scope, Amounts](Amounts), defaultdict[_Scope, Amounts](Amounts)
    for row in rows:
        tenant_id, currency = row["tenant_id"], row["currency"]
        for scope in (
            _Scope(tenant_id, row["campaign_id"], currency),
            _Scope(tenant_id, None, currency),
        ):
            amounts = Amounts(row["spent"], row["reserved"])
            in_all[scope] = in_all[scope].plus(amounts)
            if row["is_today"]:
                today[scope] = today[scope].plus(amounts)

    def found(sums: Mapping[_Scope, Amounts], scope: _Scope) -> Amounts:
        """A reserve has no currency: it counts in any."""
        reserved = sums.get(scope._replace(currency=None), Amounts())
        return sums.get(scope, Amounts()).plus(reserved)

    spend: dict[CampaignKey, Spend] = {}
    for campaign, own in ceilings.items():
        scope = _Scope(*campaign, own.currency)
        spend[campaign] = {
            CeilingKind.CAMPAIGN_DAY: found(today, scope),
            CeilingKind.CAMPAIGN_TOTAL: found(in_all, scope),
            CeilingKind.TENANT_DAY: found(today, scope._replace(campaign_id=None)),
        }
    return spend


async def add(conn: Connection, amounts: Mapping[SpendDay, Decimal]) -> None:
    """Add to what is spent; an amount below zero takes back what a call was thought to cost."""
    ordered = sorted(amounts.items())
    await conn.execute(
        """
        INSERT INTO spend_days AS known (tenant_id, campaign_id, day, currency, spent)
        SELECT tenant_id, campaign_id, day, currency, spent
        FROM unnest($1::integer[], $2::bigint[], $3::date[], $4::text[], $5::numeric[])
            AS added (tenant_id, campaign_id, day, currency, spent)
        ORDER BY tenant_id, campaign_id, day, currency
        ON CONFLICT (tenant_id, campaign_id, day, currency)
            DO UPDATE SET spent = known.spent + excluded.spent
        """,
        *zip(*(key for key, _ in ordered), strict=True),
        [amount for _, amount in ordered],
    )
