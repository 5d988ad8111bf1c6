-- What the calls under spend ceilings cost, by campaign and day in UTC. Only calls of campaigns with a
-- ceiling are counted. The fold adds to it in the transaction of the end of a call.
CREATE TABLE spend_days (
    tenant_id integer NOT NULL,
    campaign_id bigint NOT NULL,
    day date NOT NULL,
    currency text NOT NULL,
    spent numeric NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, day, currency),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns
);
-- Serves spend.by_campaign: the day of all campaigns of a tenant.
CREATE INDEX spend_days_of_tenant ON spend_days (tenant_id, day);
-- The most that a dialed call may cost. A live attempt holds it under its ceilings.
ALTER TABLE attempts ADD COLUMN reserved numeric;
-- What a call counts with under its ceilings, in which currency; a later price replaces it.
ALTER TABLE call_records ADD COLUMN charged numeric, ADD COLUMN charged_currency text;
