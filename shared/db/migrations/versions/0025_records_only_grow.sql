-- Who changed what: the api, which acts for callers, only reads these and adds to them. Events deletes
-- old audit entries, as the owner.
REVOKE UPDATE, DELETE ON audit_log, campaign_changes, tenant_rule_changes FROM outdial_api;
