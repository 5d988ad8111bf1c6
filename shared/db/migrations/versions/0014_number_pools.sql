-- The campaigns are few, so the locks on their table are short.
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint
-- Caller IDs of which each call shows one. The caps are those of each number.
CREATE TABLE number_pools (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL CHECK (name <> ''),
    rotation text NOT NULL
        CHECK (rotation IN ('round_robin', 'least_used', 'sticky', 'local_presence')),
    max_calls_per_hour integer CHECK (max_calls_per_hour > 0),
    max_calls_per_day integer CHECK (max_calls_per_day > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    -- Also serves number_pools.page.
    PRIMARY KEY (tenant_id, id)
);
-- Serves number_pools.keep. A deleted pool gives its name free.
CREATE UNIQUE INDEX number_pools_name ON number_pools (tenant_id, name) WHERE deleted_at IS NULL;

CREATE TABLE number_pool_numbers (
    tenant_id integer NOT NULL,
    number_pool_id bigint NOT NULL,
    number text NOT NULL,
    PRIMARY KEY (tenant_id, number_pool_id, number),
    FOREIGN KEY (tenant_id, number_pool_id) REFERENCES number_pools,
    FOREIGN KEY (tenant_id, number) REFERENCES caller_ids
);
-- Serves caller_ids.users.
CREATE INDEX number_pools_of_number ON number_pool_numbers (tenant_id, number);

-- The calls through pools that showed a number, in its last hour and its last day with any. `turn`
-- is that of its last call in rotation. A row per number, written under the tenant's advisory lock.
CREATE TABLE caller_id_uses (
    tenant_id integer NOT NULL,
    number text NOT NULL,
    hour_starts_at timestamptz NOT NULL,
    hour_calls integer NOT NULL,
    day_starts_at timestamptz NOT NULL,
    day_calls integer NOT NULL,
    turn bigint NOT NULL,
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, number) REFERENCES caller_ids
) WITH (fillfactor = 50);

ALTER TABLE campaigns
    ADD COLUMN number_pool_id bigint,
    ADD CONSTRAINT campaigns_number_pool FOREIGN KEY (tenant_id, number_pool_id)
        REFERENCES number_pools;
-- Serves number_pools.users. Not CONCURRENTLY, as in 0002.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX campaigns_of_number_pool ON campaigns (tenant_id, number_pool_id)
    WHERE number_pool_id IS NOT NULL;

-- The number that the call showed; null: the default of its trunk, or a call of before.
ALTER TABLE attempts ADD COLUMN caller_id text;
ALTER TABLE call_records ADD COLUMN caller_id text;

-- A contact may wait for a number with room. Not validated: a narrower check held for the old rows.
-- squawk-ignore ban-drop-constraint
ALTER TABLE contacts DROP CONSTRAINT contacts_waits_for, ADD CONSTRAINT contacts_waits_for CHECK (
    waits_for IN (
        'retry', 'day', 'callback', 'frequency_cap', 'silence', 'suppression', 'window', 'capacity',
        'caller_id'
    )
) NOT VALID;

-- `caller_ids` are the active ones that the campaign may show; null, if it names none.
CREATE OR REPLACE VIEW campaign_terms AS
SELECT campaign.tenant_id, campaign.id, campaign.trunk_id, campaign.state, campaign.wanted_state,
    campaign.revision, campaign.definition::text AS definition,
    tenant.rules_revision, tenant.rules::text AS tenant_rules,
    ARRAY[
        tenant.max_concurrent, tenant.calls_per_second,
        trunk.max_concurrent, trunk.calls_per_second
    ] AS caps,
    played.definition::text AS call_flow,
    (
        SELECT json_agg(json_build_object(
            'trunk_id', further.id,
            'caps', json_build_object(
                'max_concurrent', further.max_concurrent,
                'calls_per_second', further.calls_per_second
            ),
            'outage', CASE WHEN outage.trunk_id IS NOT NULL THEN json_build_object(
                'trunk', further.name, 'since', outage.since,
                'probe_at', outage.probe_at, 'cause', outage.cause
            ) END
        ) ORDER BY backup.position)
        FROM campaign_backup_trunks AS backup
        JOIN trunks AS further ON further.id = backup.trunk_id
        LEFT JOIN trunk_outages AS outage ON outage.trunk_id = further.id
        WHERE backup.tenant_id = campaign.tenant_id AND backup.campaign_id = campaign.id
    )::text AS backups,
    CASE WHEN campaign.caller_id IS NOT NULL THEN ARRAY(
        SELECT own.number FROM caller_ids AS own
        WHERE own.tenant_id = campaign.tenant_id AND own.number = campaign.caller_id
            AND own.state = 'active'
    ) WHEN campaign.number_pool_id IS NOT NULL THEN ARRAY(
        SELECT own.number FROM number_pool_numbers AS member
        JOIN caller_ids AS own
            ON own.tenant_id = member.tenant_id AND own.number = member.number
        WHERE member.tenant_id = campaign.tenant_id
            AND member.number_pool_id = campaign.number_pool_id AND own.state = 'active'
        ORDER BY own.number
    ) END AS caller_ids,
    (
        SELECT json_build_array(
            pool.name, pool.rotation, pool.max_calls_per_hour, pool.max_calls_per_day
        )::text
        FROM number_pools AS pool
        WHERE pool.tenant_id = campaign.tenant_id AND pool.id = campaign.number_pool_id
    ) AS number_pool
FROM campaigns AS campaign
JOIN tenants AS tenant ON tenant.id = campaign.tenant_id
JOIN trunks AS trunk ON trunk.id = campaign.trunk_id
LEFT JOIN call_flows AS flow
    ON flow.tenant_id = campaign.tenant_id AND flow.id = campaign.call_flow_id
LEFT JOIN call_flow_versions AS played
    ON played.tenant_id = campaign.tenant_id AND played.call_flow_id = campaign.call_flow_id
    AND played.version = coalesce(campaign.call_flow_version, flow.version);
