-- The trunks of a campaign after its first one, which is `campaigns.trunk_id`, in their order. They
-- change only while it is a draft.
CREATE TABLE campaign_backup_trunks (
    tenant_id integer NOT NULL,
    campaign_id bigint NOT NULL,
    position smallint NOT NULL CHECK (position > 0),
    trunk_id bigint NOT NULL REFERENCES trunks (id),
    PRIMARY KEY (tenant_id, campaign_id, position),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns
);

-- The trunk that an attempt goes by; null: the first one of its campaign. Without a foreign key,
-- which each claim would pay for: the campaign's own keeps the trunk.
ALTER TABLE attempts ADD COLUMN trunk_id bigint;

-- `backups` has the further trunks as JSON, with their caps and their outages; null: there is none.
-- The planner leaves it out where it is not asked for.
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
    )::text AS backups
FROM campaigns AS campaign
JOIN tenants AS tenant ON tenant.id = campaign.tenant_id
JOIN trunks AS trunk ON trunk.id = campaign.trunk_id
LEFT JOIN call_flows AS flow
    ON flow.tenant_id = campaign.tenant_id AND flow.id = campaign.call_flow_id
LEFT JOIN call_flow_versions AS played
    ON played.tenant_id = campaign.tenant_id AND played.call_flow_id = campaign.call_flow_id
    AND played.version = coalesce(campaign.call_flow_version, flow.version);
