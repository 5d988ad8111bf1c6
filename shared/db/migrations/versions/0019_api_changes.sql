-- The answer of a request that changed something, by the Idempotency-Key that its client chose: a
-- repetition gets it again. It is committed with the change. Without a body: the answer was too
-- large to keep, or not to be stored.
CREATE TABLE idempotency_keys (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    api_key_id bigint NOT NULL,
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    status smallint NOT NULL CHECK (status BETWEEN 200 AND 299),
    headers jsonb NOT NULL,
    body bytea,
    created_at timestamptz NOT NULL,
    -- Serves idempotency_keys.find.
    PRIMARY KEY (tenant_id, api_key_id, key)
);
-- Serves retention.delete_idempotency_keys.
CREATE INDEX idempotency_keys_oldest ON idempotency_keys (tenant_id, created_at);

-- Who changed what over the API, from where and when. `before` and `after` have the fields that
-- changed, without secrets and without numbers of contacts.
CREATE TABLE audit_log (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    -- UUIDv7 of the instant, so the newest come last.
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    api_key_id bigint NOT NULL,
    api_key_name text NOT NULL,
    -- The tenant of the key, if it acts for its client.
    partner_id integer REFERENCES tenants (id),
    operation text NOT NULL CHECK (operation <> ''),
    kind text NOT NULL CHECK (kind <> ''),
    resource_id text,
    before jsonb,
    after jsonb,
    address text,
    request_id text,
    -- Also serves audit_log.page and retention.delete_audit_entries.
    PRIMARY KEY (tenant_id, id)
);
-- Serves audit_log.page of one resource, and of one key.
CREATE INDEX audit_log_of_resource ON audit_log (tenant_id, kind, resource_id, id);
CREATE INDEX audit_log_of_key ON audit_log (tenant_id, api_key_id, id);
