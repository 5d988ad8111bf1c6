-- The digest of the definition of a campaign that takes single calls, by which the next call of the
-- same definition finds it; NULL: its contacts come as lists.
ALTER TABLE campaigns ADD COLUMN takes_calls_of bytea;
-- Serves single_calls.find. Not CONCURRENTLY, as in 0002: the table is small.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX campaigns_of_calls ON campaigns (tenant_id, takes_calls_of)
    WHERE takes_calls_of IS NOT NULL AND wanted_state <> 'cancelled'
        AND state NOT IN ('completed', 'cancelled');

-- How many contacts with this number the campaign had before this one: 0 in a list, which has each
-- number once. A single call is a contact of its own.
ALTER TABLE contacts ADD COLUMN repeat smallint NOT NULL DEFAULT 0 CHECK (repeat >= 0);
-- The two bytes fill the entry of a number of twelve characters. Not CONCURRENTLY, as in 0002.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX contacts_number ON contacts (tenant_id, campaign_id, number, repeat);
-- squawk-ignore ban-drop-constraint
ALTER TABLE contacts DROP CONSTRAINT contacts_tenant_id_campaign_id_number_key;
