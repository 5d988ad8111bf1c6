-- The campaigns are few, so the locks on their table are short.
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint
-- Call flows of a tenant. `version` is the newest one. One that was deleted keeps its versions: they
-- say what campaigns of before played.
CREATE TABLE call_flows (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL CHECK (name <> ''),
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    -- Also serves call_flows.page.
    PRIMARY KEY (tenant_id, id)
);
-- Serves call_flows.find. A deleted flow gives its name free.
CREATE UNIQUE INDEX call_flows_name ON call_flows (tenant_id, name) WHERE deleted_at IS NULL;

-- Written once, never changed. Of type json, which keeps the steps in the order of their owner.
CREATE TABLE call_flow_versions (
    tenant_id integer NOT NULL,
    call_flow_id bigint NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    definition json NOT NULL,
    api_key_id bigint,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, call_flow_id, version),
    FOREIGN KEY (tenant_id, call_flow_id) REFERENCES call_flows,
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_keys
);

-- The tenant's own flow that a campaign plays. Without a version it is the newest one: so it is for
-- drafts, and the start fixes it.
ALTER TABLE campaigns
    ADD COLUMN call_flow_id bigint,
    ADD COLUMN call_flow_version integer,
    ADD CONSTRAINT campaigns_call_flow
        FOREIGN KEY (tenant_id, call_flow_id) REFERENCES call_flows,
    ADD CONSTRAINT campaigns_call_flow_version
        FOREIGN KEY (tenant_id, call_flow_id, call_flow_version) REFERENCES call_flow_versions,
    ADD CONSTRAINT campaigns_call_flow_of_version
        CHECK (call_flow_version IS NULL OR call_flow_id IS NOT NULL);
-- Serves call_flows.users and call_flows.outdate_drafts. Not CONCURRENTLY, as in 0002.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX campaigns_of_call_flow ON campaigns (tenant_id, call_flow_id)
    WHERE call_flow_id IS NOT NULL;

-- The planner leaves out both joins where no column of theirs is asked for.
CREATE OR REPLACE VIEW campaign_terms AS
SELECT campaign.tenant_id, campaign.id, campaign.trunk_id, campaign.state, campaign.wanted_state,
    campaign.revision, campaign.definition::text AS definition,
    tenant.rules_revision, tenant.rules::text AS tenant_rules,
    ARRAY[
        tenant.max_concurrent, tenant.calls_per_second,
        trunk.max_concurrent, trunk.calls_per_second
    ] AS caps,
    played.definition::text AS call_flow
FROM campaigns AS campaign
JOIN tenants AS tenant ON tenant.id = campaign.tenant_id
JOIN trunks AS trunk ON trunk.id = campaign.trunk_id
LEFT JOIN call_flows AS flow
    ON flow.tenant_id = campaign.tenant_id AND flow.id = campaign.call_flow_id
LEFT JOIN call_flow_versions AS played
    ON played.tenant_id = campaign.tenant_id AND played.call_flow_id = campaign.call_flow_id
    AND played.version = coalesce(campaign.call_flow_version, flow.version);
