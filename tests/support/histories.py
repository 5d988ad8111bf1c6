"""Small correct histories for the checker: rows in the database and a carrier's log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from shared.db.types import Session

# A Monday: 16:00 in Berlin, 10:00 in New York, 08:00 in Denver.
START = datetime(2026, 11, 2, 15, tzinfo=UTC)
LATER = START + timedelta(minutes=10)
SECOND = timedelta(seconds=1)
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"

_DEFINITION = {
    "name": "history",
    "calendar": {
        "windows": [
            {
                "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "start": "09:00",
                "end": "20:00",
            }
        ],
        "start_date": None,
        "end_date": "2026-12-31",
    },
    "attempts": {
        "max_total": 3,
        "max_per_day": 3,
        "min_gap_seconds": 60,
        "retry": {
            "busy": {"delay_seconds": 300, "max_attempts": None},
            "unknown": {"delay_seconds": 300, "max_attempts": None},
        },
    },
    "caps": {"max_concurrent": 2, "calls_per_second": 2},
}


@dataclass(slots=True, kw_only=True)
class History:
    conn: Session
    log: Path
    tenant_id: int
    trunk_id: int
    campaign_id: int
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def campaign(self, **changes: object) -> int:
        """Another campaign of the tenant, with these changes of the definition."""
        campaign_id: int = await self.conn.fetchval(
            """
            INSERT INTO campaigns
                (tenant_id, trunk_id, name, definition, state, wanted_state, started_at)
            VALUES ($1, $2, 'history', $3, 'running', 'running', $4) RETURNING id
            """,
            self.tenant_id,
            self.trunk_id,
            json.dumps(_DEFINITION | changes),
            START,
        )
        return campaign_id

    async def contact(
        self,
        number: str,
        *zones: str,
        source: str = "contact",
        places: Sequence[str] = ("ZZ",),
        campaign_id: int | None = None,
    ) -> int:
        group = await self.conn.fetchval(
            """
            INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)
            VALUES ($1, $2, $3, 'number')
            ON CONFLICT ON CONSTRAINT calling_groups_combination
                DO UPDATE SET zones = EXCLUDED.zones
            RETURNING id
            """,
            list(zones),
            source,
            list(places),
        )
        contact_id: int = await self.conn.fetchval(
            """
            INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number)
            VALUES ($1, $2, $3, $4) RETURNING id
            """,
            self.tenant_id,
            campaign_id or self.campaign_id,
            group,
            number,
        )
        return contact_id

    async def call(
        self,
        contact_id: int,
        *,
        at: datetime = START,
        seconds: float = 20,
        outcome: str = "busy",
        stored: str | None = None,
    ) -> UUID:
        """A call of so many seconds; `stored` is the outcome in the database if it differs."""
        attempt_id = uuid4()
        await self.attempt(
            contact_id, attempt_id, at=at, seconds=seconds, outcome=stored or outcome
        )
        number = await self.conn.fetchval("SELECT number FROM contacts WHERE id = $1", contact_id)
        self.originate(attempt_id, number, at=at)
        self.end(attempt_id, at=at + seconds * SECOND, outcome=outcome)
        return attempt_id

    async def attempt(
        self, contact_id: int, attempt_id: UUID, *, at: datetime, seconds: float, outcome: str
    ) -> None:
        state = outcome if outcome in ("unknown", "dropped") else "ended"
        await self.conn.execute(
            """
            INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at,
                window_closes_at, dialing_at, ended_at, number, state, tzdata_version, outcome)
            SELECT tenant_id, $1, campaign_id, id, $3, $3::timestamptz + interval '1 hour',
                CASE WHEN $5 <> 'dropped' THEN $3::timestamptz END, $4, attempts + 1, $5, '2026b',
                CASE WHEN $5 <> 'dropped' THEN $6 END
            FROM contacts WHERE id = $2
            """,
            attempt_id,
            contact_id,
            at - 0.1 * SECOND,
            at + seconds * SECOND,
            state,
            outcome,
        )
        await self.conn.execute(
            "UPDATE contacts SET attempts = attempts + $2, day = $3 WHERE id = $1",
            contact_id,
            int(state != "dropped"),
            at.date(),
        )

    def originate(
        self,
        reference: UUID,
        number: str,
        *,
        at: datetime = START,
        verdict: str = "accepted",
        code: str | None = None,
    ) -> None:
        instant = at.timestamp()
        line = {"kind": "originate", "at": instant, "monotonic": instant, "to": number}
        line |= {
            "reference": self._reference(reference),
            "from": None,
            "verdict": verdict,
            "code": code,
        }
        self.lines.append(line)

    def end(self, reference: UUID, *, at: datetime, outcome: str) -> None:
        line = {"kind": "ended", "at": at.timestamp(), "monotonic": at.timestamp()}
        self.lines.append(line | {"reference": self._reference(reference), "outcome": outcome})

    def _reference(self, attempt_id: UUID) -> str:
        return f"{self.tenant_id}.{attempt_id}"

    async def finish(self) -> None:
        """Write what the services would have written: finished contacts, counters, the log."""
        await self.conn.execute(
            """
            UPDATE contacts SET state = 'finished', outcome = (
                SELECT attempts.outcome FROM attempts
                WHERE contact_id = contacts.id AND attempts.outcome IS NOT NULL
                ORDER BY claimed_at DESC LIMIT 1)
            WHERE attempts > 0 AND state = 'pending'
            """
        )
        await self.conn.execute(
            """
            INSERT INTO campaign_counters (tenant_id, campaign_id, name, value)
            SELECT tenant_id, campaign_id, 'contacts', count(*) FROM contacts GROUP BY 1, 2
            UNION ALL
            SELECT tenant_id, campaign_id, 'finished.' || outcome, count(*) FROM contacts
            WHERE state = 'finished' GROUP BY 1, 2, 3
            UNION ALL
            SELECT tenant_id, campaign_id, 'attempts', count(*) FROM attempts GROUP BY 1, 2
            UNION ALL
            SELECT tenant_id, campaign_id, 'outcome.' || outcome, count(*) FROM attempts
            WHERE outcome IS NOT NULL GROUP BY 1, 2, 3
            UNION ALL
            SELECT tenant_id, campaign_id, 'dropped', count(*) FROM attempts
            WHERE state = 'dropped' GROUP BY 1, 2
            """
        )
        await self.conn.execute(
            """
            INSERT INTO waiting_contacts (
                tenant_id, campaign_id, calling_group_id, waits_for, five_minutes, contacts
            )
            SELECT tenant_id, campaign_id, calling_group_id, 'new', 0, count(*) FROM contacts
            WHERE state = 'pending' GROUP BY 1, 2, 3
            """
        )
        await self.tell_ends()
        self.write_log()

    async def tell_ends(self) -> None:
        """Insert the public event of each finished contact."""
        await self.conn.execute(
            """
            INSERT INTO public_events (tenant_id, position, id, type, topic, key, payload)
            SELECT tenant_id,
                (SELECT count(*) FROM public_events) + row_number() OVER (ORDER BY id),
                gen_random_uuid(), 'outdial.attempt.ended.v1', 'events', id::text,
                convert_to(
                    json_build_object(
                        'data', json_build_object('contact_id', id, 'contact_finished', true)
                    )::text, 'UTF8'
                )
            FROM contacts WHERE state = 'finished'
            """
        )

    def write_log(self) -> None:
        lines = sorted(self.lines, key=lambda line: float(line["at"]))
        self.log.write_text("".join(json.dumps(line) + "\n" for line in lines))


async def begin(conn: Session, log: Path) -> History:
    tenant_id = await conn.fetchval("INSERT INTO tenants (name) VALUES ('a') RETURNING id")
    trunk_id = await conn.fetchval(
        """
        INSERT INTO trunks (name, provider) VALUES ('default', 'simulated') RETURNING id
        """
    )
    history = History(conn=conn, log=log, tenant_id=tenant_id, trunk_id=trunk_id, campaign_id=0)
    history.campaign_id = await history.campaign()
    await want(history, "running", at=START - timedelta(days=3))
    return history


async def want(history: History, state: str, *, at: datetime) -> None:
    await history.conn.execute(
        """
        INSERT INTO campaign_changes (tenant_id, campaign_id, wanted_state, at)
        VALUES ($1, $2, $3, $4)
        """,
        history.tenant_id,
        history.campaign_id,
        state,
        at,
    )


async def usual_history(conn: Session, log: Path) -> History:
    """Four contacts: busy then answered, unknown, dropped then declined, not called."""
    history = await begin(conn, log)
    anna = await history.contact("+4930123456", BERLIN)
    await history.call(anna, at=START, outcome="busy")
    await history.call(anna, at=LATER, outcome="answered_human")
    ben = await history.contact("+12125550101", NEW_YORK, source="number")
    await history.call(ben, at=START + 5 * SECOND, outcome="no_answer", stored="unknown")
    cleo = await history.contact("+12125550102", NEW_YORK, source="number")
    await history.attempt(cleo, uuid4(), at=START, seconds=1, outcome="dropped")
    await history.call(cleo, at=START + 30 * SECOND, outcome="declined")
    await history.contact("+8811234567", source="unknown")
    return history
