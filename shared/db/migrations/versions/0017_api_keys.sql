-- Tenants and their keys are few, so the locks on these tables are short.
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint
-- A partner owns client tenants: its keys may act for them. Partners are not clients.
ALTER TABLE tenants
    ADD COLUMN is_partner boolean NOT NULL DEFAULT false,
    ADD COLUMN partner_id integer REFERENCES tenants (id),
    ADD CONSTRAINT tenants_partner CHECK (NOT is_partner OR partner_id IS NULL);
-- Serves tenants.clients. Not CONCURRENTLY, as in 0002.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX tenants_of_partner ON tenants (partner_id, id) WHERE partner_id IS NOT NULL;

-- A key that was made before keeps all scopes. One without networks may be used from anywhere.
ALTER TABLE api_keys
    ADD COLUMN name text NOT NULL DEFAULT 'unnamed' CHECK (name <> ''),
    ADD COLUMN scopes text[] NOT NULL
        DEFAULT '{read,write,campaigns,contacts,calls,webhooks,admin}'
        CHECK (
            scopes <> '{}'
            AND scopes <@ '{read,write,campaigns,contacts,calls,webhooks,admin}'::text[]
        ),
    ADD COLUMN networks cidr[] NOT NULL DEFAULT '{}',
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN last_used_at timestamptz;

-- Other texts that stand for a key until a time: its text of before a rotation (no scopes of its
-- own), and access tokens, with some of its scopes.
CREATE TABLE api_key_tokens (
    tenant_id integer NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    api_key_id bigint NOT NULL,
    scopes text[] CHECK (scopes <> '{}'),
    expires_at timestamptz NOT NULL,
    -- Serves api_keys.find.
    PRIMARY KEY (tenant_id, sha256),
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_keys
);
-- Serves api_keys.forget_expired.
CREATE INDEX api_key_tokens_expired ON api_key_tokens (tenant_id, api_key_id, expires_at);
