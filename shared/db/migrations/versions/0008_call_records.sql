-- One record per call: who was called over which trunk, how it ended, and what the carrier told.
-- Written in the fold's transaction; a row without `position` is of a call that is still up.
-- `facts` are true by all reports on the call. The reports are kept in `reports` if there are
-- several, the one that is believed most first. `version` counts the corrections after the end.
-- A partition holds the calls whose attempts were claimed in a month in UTC, which the UUIDv7 of an
-- attempt says; events makes it ahead and drops it when its time is over. The default partition takes
-- the calls of a month without one.
CREATE TABLE call_records (
    attempt_id uuid NOT NULL,
    position bigint,
    campaign_id bigint NOT NULL,
    contact_id bigint NOT NULL,
    trunk_id bigint NOT NULL,
    dialing_at timestamptz NOT NULL,
    ended_at timestamptz,
    tenant_id integer NOT NULL,
    attempt_number smallint NOT NULL,
    version smallint NOT NULL DEFAULT 1,
    number text NOT NULL,
    outcome text,
    provider_call_id text,
    facts jsonb NOT NULL DEFAULT '{}',
    reports jsonb,
    PRIMARY KEY (tenant_id, attempt_id),
    CHECK ((position IS NULL) = (ended_at IS NULL)),
    CHECK ((outcome IS NULL) = (ended_at IS NULL)),
    CHECK (ended_at IS NOT NULL OR reports IS NOT NULL)
) PARTITION BY RANGE (attempt_id);
CREATE TABLE call_records_default PARTITION OF call_records DEFAULT;
-- Serves call_records.page.
CREATE INDEX call_records_position ON call_records (tenant_id, position);
-- Serves call_records.page of one campaign.
CREATE INDEX call_records_of_campaign ON call_records (tenant_id, campaign_id, position);
-- Serves call_records.page of one number or contact.
CREATE INDEX call_records_of_number ON call_records (tenant_id, number, position);

-- The position of the tenant's last call record. It stands in the row that is locked for the public
-- events of the same transaction, so that both are in commit order.
ALTER TABLE event_heads ADD COLUMN last_call bigint NOT NULL DEFAULT 0;

-- The smallest UUIDv7 of an instant.
CREATE FUNCTION first_uuid(instant timestamptz) RETURNS uuid LANGUAGE sql STABLE
RETURN rpad(lpad(to_hex(floor(extract(epoch FROM instant) * 1000)::bigint), 12, '0'), 32, '0')::uuid;

-- Serves call_months.make. `month` is its first day.
CREATE FUNCTION make_call_month(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := 'call_records_' || to_char(month, 'YYYYMM');
    first uuid := first_uuid(month::timestamp AT TIME ZONE 'UTC');
    beyond uuid := first_uuid((month + interval '1 month') AT TIME ZONE 'UTC');
BEGIN
    LOCK TABLE call_records_default IN ACCESS EXCLUSIVE MODE;
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE call_records INCLUDING ALL)', name);
    EXECUTE format(
        'WITH moved AS (
            DELETE FROM call_records_default WHERE attempt_id >= %L AND attempt_id < %L RETURNING *
        ) INSERT INTO %I SELECT * FROM moved',
        first, beyond, name
    );
    EXECUTE format(
        'ALTER TABLE call_records ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, first, beyond
    );
END $$;
CREATE FUNCTION drop_call_month(month date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS %I', 'call_records_' || to_char(month, 'YYYYMM'));
END $$;
