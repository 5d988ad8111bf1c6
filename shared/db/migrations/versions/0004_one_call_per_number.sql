-- The number that a live attempt holds; its end lets go of it. An attempt without one is not dialed.
ALTER TABLE attempts ADD COLUMN phone text;
-- Of the attempts that were live before, one holds each number: one that was dialed, if there is any.
UPDATE attempts AS attempt SET phone = held.number
FROM (
    SELECT DISTINCT ON (live.tenant_id, contact.number) live.tenant_id, live.id, contact.number
    FROM attempts AS live
    JOIN contacts AS contact
        ON contact.tenant_id = live.tenant_id AND contact.id = live.contact_id
    WHERE live.ended_at IS NULL
    ORDER BY live.tenant_id, contact.number, live.state = 'claimed', live.id
) AS held
WHERE attempt.tenant_id = held.tenant_id AND attempt.id = held.id;
-- One live attempt per number of a tenant, whatever the code believes, so one live call. Serves
-- claims.claim and claims.lock_due, which pass over numbers that are held. Not CONCURRENTLY, as in
-- 0002; claims and dialers wait while the attempts are read once.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX attempts_live_phone ON attempts (tenant_id, phone) WHERE ended_at IS NULL;
