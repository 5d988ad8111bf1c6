-- The attempts of a campaign and of a contact: ended ones by these indexes, live ones by
-- attempts_live, which holds few. So an attempt enters them once, at its end. And no statement on an
-- attempt by its id takes one of them for its plan in an installation that is still empty. Not
-- CONCURRENTLY, as in 0002.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
DROP INDEX attempts_of_campaign;
DROP INDEX attempts_of_contact;
-- Serves attempt_records.page.
CREATE INDEX attempts_of_campaign ON attempts (tenant_id, campaign_id, id)
    WHERE ended_at IS NOT NULL;
-- Serves attempt_records.of_contact, untold_ends.take, contact_times.get,
-- replanning.lock_planned and erasures.find.
CREATE INDEX attempts_of_contact ON attempts (tenant_id, contact_id, id)
    WHERE ended_at IS NOT NULL;
