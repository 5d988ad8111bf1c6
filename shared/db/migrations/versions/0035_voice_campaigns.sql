-- Campaigns as clients of VoiceAIWrapper's API write them: `settings` is in that vendor's words. An
-- OUTBOUND one belongs to a campaign, and has its id. An INBOUND one belongs to none, because it is
-- never dialed; its id is of the same sequence, and `number` is the caller ID that it is bound to.
CREATE TABLE voice_campaigns (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint NOT NULL,
    campaign_id bigint CHECK (campaign_id = id),
    settings jsonb NOT NULL,
    number text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Also serves voice_campaigns.page.
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns,
    FOREIGN KEY (tenant_id, number) REFERENCES caller_ids,
    CHECK (campaign_id IS NULL OR number IS NULL)
);
-- Serves drafts.delete.
CREATE INDEX voice_campaigns_of_campaign ON voice_campaigns (tenant_id, campaign_id);
-- A number is answered by one campaign. Serves caller_ids.users.
CREATE UNIQUE INDEX voice_campaigns_number ON voice_campaigns (tenant_id, number);

SELECT open_to_api('voice_campaigns');
GRANT USAGE ON SEQUENCE campaigns_id_seq TO outdial_api;
