-- Ends of contacts without a call that no public event tells yet: written in the transaction that
-- finishes the contact, taken by services/scheduler/end_teller.py in the order of their ids. The
-- event of an attempt tells the ends with a call, so these are not here.
CREATE TABLE untold_ends (
    tenant_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id bigint NOT NULL,
    contact_id bigint NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text NOT NULL,
    -- Serves tenants.with_untold_ends and untold_ends.take.
    PRIMARY KEY (tenant_id, id)
);
-- Serves completion.remainder: a campaign is completed after its last end is told.
CREATE INDEX untold_ends_of_campaign ON untold_ends (tenant_id, campaign_id);

-- When a cancelled campaign had no contact left to finish.
ALTER TABLE campaigns ADD COLUMN cleared_at timestamptz;
-- Serves campaign_runs.uncleared. Not CONCURRENTLY, as in 0002: the table is small.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX campaigns_uncleared ON campaigns (tenant_id, id)
    WHERE state = 'cancelled' AND cleared_at IS NULL;
