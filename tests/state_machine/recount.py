"""Recounts all counters from the rows, by queries that the product does not use."""

from shared.db.types import Session

# Each row of the result is a fault.
RECOUNT = """
WITH counted AS (
    SELECT campaign_id, 'contacts' AS name, count(*) AS n FROM contacts GROUP BY 1
    UNION ALL
    SELECT campaign_id, 'finished.' || outcome, count(*) FROM contacts
    WHERE state = 'finished' GROUP BY 1, 2
    UNION ALL
    SELECT campaign_id, 'attempts', count(*) FROM attempts GROUP BY 1
    UNION ALL
    SELECT campaign_id, 'outcome.' || outcome, count(*) FROM attempts
    WHERE state IN ('ended', 'unknown') GROUP BY 1, 2
    UNION ALL
    SELECT campaign_id, 'dropped', count(*) FROM attempts WHERE state = 'dropped' GROUP BY 1
), waits AS (
    SELECT campaign_id, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
        CASE WHEN not_before = '-infinity' THEN 0
            ELSE floor(extract(epoch FROM not_before) / 300) END AS five_minutes,
        count(*) AS n
    FROM contacts WHERE state = 'pending' GROUP BY 1, 2, 3, 4
), of_contacts AS (
    SELECT contact_id, count(*) FILTER (WHERE ended_at IS NULL) AS live,
        count(*) FILTER (WHERE state IN ('ended', 'unknown')) AS made
    FROM attempts GROUP BY 1
)
SELECT format('I6 counter %s of campaign %s is %s, its rows are %s', name, campaign_id,
    k.value, c.n)
FROM counted c FULL JOIN campaign_counters k USING (campaign_id, name)
WHERE coalesce(k.value, 0) <> coalesce(c.n, 0)
UNION ALL
SELECT format('I6 in campaign %s, group %s, %s contacts wait for %s in bucket %s; its rows are %s',
    campaign_id, calling_group_id, w.contacts, waits_for, five_minutes, r.n)
FROM waits r FULL JOIN waiting_contacts w USING (
    campaign_id, calling_group_id, waits_for, five_minutes
)
WHERE coalesce(w.contacts, 0) <> coalesce(r.n, 0)
UNION ALL
SELECT format('I2 contact %s is %s with %s live attempts', c.id, c.state, a.live)
FROM contacts c LEFT JOIN of_contacts a ON a.contact_id = c.id
WHERE coalesce(a.live, 0) <> (c.state = 'active')::integer
UNION ALL
SELECT format('I2 attempt %s is %s, but its number is %s', a.id, a.state,
    CASE WHEN a.phone IS NULL THEN 'not held' ELSE 'held' END)
FROM attempts a JOIN contacts c ON c.id = a.contact_id
WHERE a.phone IS DISTINCT FROM CASE WHEN a.ended_at IS NULL THEN c.phone END
UNION ALL
SELECT format('I6 contact %s counts %s attempts, its rows are %s', c.id, c.attempts, a.made)
FROM contacts c LEFT JOIN of_contacts a ON a.contact_id = c.id
WHERE coalesce(a.made, 0) <> c.attempts
UNION ALL
SELECT format('I6 attempt %s is %s with %s, its call to the person has %s', a.id, a.state,
    a.outcome, p.outcome)
FROM attempts a FULL JOIN person_calls p ON p.attempt_id = a.id
WHERE (a.in_person_calls AND a.state <> 'dropped') IS DISTINCT FROM (p.attempt_id IS NOT NULL)
    OR p.outcome IS DISTINCT FROM a.outcome AND a.in_person_calls
UNION ALL
SELECT format('I6 contact %s waits for %s until %s', id, waits_for, not_before)
FROM contacts WHERE state = 'pending' AND (waits_for IS NOT NULL AND not_before = '-infinity')
"""

# Contacts that were finished by an earlier release may be untold.
UNTOLD = """
WITH tells AS (
    SELECT contact_id, count(*) AS n FROM (
        SELECT contact_id FROM untold_ends
        UNION ALL
        SELECT (data ->> 'contact_id')::bigint FROM public_events
        CROSS JOIN LATERAL (SELECT convert_from(payload, 'UTF8')::json -> 'data' AS data) AS event
        WHERE data ->> 'contact_finished' = 'true'
    ) AS told GROUP BY 1
)
SELECT format('I6 the end of contact %s, which is %s, is told %s times', c.id, c.state, t.n)
FROM contacts c LEFT JOIN tells t ON t.contact_id = c.id
WHERE coalesce(t.n, 0) <> (c.state = 'finished')::integer
"""


async def faults(conn: Session) -> list[str]:
    return [row[0] for row in await conn.fetch(RECOUNT)]


async def untold(conn: Session) -> list[str]:
    """The contacts whose end is not told by exactly one event, as each fault."""
    return [row[0] for row in await conn.fetch(UNTOLD)]
