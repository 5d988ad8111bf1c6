-- The campaigns are few, so the locks on their table are short, and writing it anew is quick.
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint
-- squawk-ignore-file adding-field-with-default
-- The numbers that a tenant's calls may show. One that was deleted stays for the campaigns of before.
CREATE TABLE caller_ids (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'inactive')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    -- Also serves caller_ids.page.
    PRIMARY KEY (tenant_id, number)
);

-- Until now any number could be shown: those that are named belong to their tenants.
INSERT INTO caller_ids (tenant_id, number)
SELECT DISTINCT tenant_id, definition ->> 'caller_id' FROM campaigns
WHERE definition ->> 'caller_id' IS NOT NULL;

ALTER TABLE campaigns
    ADD COLUMN caller_id text GENERATED ALWAYS AS (definition ->> 'caller_id') STORED,
    ADD CONSTRAINT campaigns_caller_id FOREIGN KEY (tenant_id, caller_id) REFERENCES caller_ids;
-- Serves caller_ids.users. Not CONCURRENTLY, as in 0002.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX campaigns_of_caller_id ON campaigns (tenant_id, caller_id)
    WHERE caller_id IS NOT NULL;

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
    ) END AS caller_ids
FROM campaigns AS campaign
JOIN tenants AS tenant ON tenant.id = campaign.tenant_id
JOIN trunks AS trunk ON trunk.id = campaign.trunk_id
LEFT JOIN call_flows AS flow
    ON flow.tenant_id = campaign.tenant_id AND flow.id = campaign.call_flow_id
LEFT JOIN call_flow_versions AS played
    ON played.tenant_id = campaign.tenant_id AND played.call_flow_id = campaign.call_flow_id
    AND played.version = coalesce(campaign.call_flow_version, flow.version);
