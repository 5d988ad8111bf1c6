-- The campaigns are few, so the locks on their table are short.
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint
-- What the provider of a trunk itself lets talk, by the provider's own id. One that was deleted
-- stays for the campaigns of before.
CREATE TABLE agents (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    trunk_id bigint NOT NULL REFERENCES trunks (id),
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL CHECK (kind IN ('assistant', 'workflow', 'squad')),
    provider_agent_id text NOT NULL CHECK (provider_agent_id <> ''),
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'inactive')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    -- Also serves agents.page.
    PRIMARY KEY (tenant_id, id)
);
-- Serves agents.keep. A deleted agent gives its name free.
CREATE UNIQUE INDEX agents_name ON agents (tenant_id, name) WHERE deleted_at IS NULL;

ALTER TABLE campaigns
    ADD COLUMN agent_id bigint,
    ADD CONSTRAINT campaigns_agent FOREIGN KEY (tenant_id, agent_id) REFERENCES agents;
-- Serves agents.users. Not CONCURRENTLY, as in 0002.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX campaigns_of_agent ON campaigns (tenant_id, agent_id) WHERE agent_id IS NOT NULL;

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
    ) AS number_pool,
    (
        SELECT ARRAY[agent.provider_agent_id, agent.kind] FROM agents AS agent
        WHERE agent.tenant_id = campaign.tenant_id AND agent.id = campaign.agent_id
    ) AS agent
FROM campaigns AS campaign
JOIN tenants AS tenant ON tenant.id = campaign.tenant_id
JOIN trunks AS trunk ON trunk.id = campaign.trunk_id
LEFT JOIN call_flows AS flow
    ON flow.tenant_id = campaign.tenant_id AND flow.id = campaign.call_flow_id
LEFT JOIN call_flow_versions AS played
    ON played.tenant_id = campaign.tenant_id AND played.call_flow_id = campaign.call_flow_id
    AND played.version = coalesce(campaign.call_flow_version, flow.version);
