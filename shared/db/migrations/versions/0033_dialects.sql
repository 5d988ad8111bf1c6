-- What the calls of a vendor's client are, where the vendor's API has no word for it: the owner's
-- choice for each key. NULL: the defaults.
ALTER TABLE api_keys ADD COLUMN call_terms jsonb;

-- When a single call was asked for; NULL: the contact came in a list.
ALTER TABLE contacts ADD COLUMN requested_at timestamptz;

-- As before, with the terms of the key. It is made again in the same transaction.
-- squawk-ignore ban-drop-function
DROP FUNCTION known_keys(integer, bytea, bytea);
-- Serves api_keys.find: the keys of a tenant whose digests are between the two. It sets the tenant
-- itself, so it needs no transaction of the tenant. What was set before is set again at its end.
CREATE FUNCTION known_keys(of_tenant integer, first_digest bytea, last_digest bytea)
RETURNS TABLE (
    sha256 bytea, id bigint, tenant_id integer, name text, networks cidr[], revoked_at timestamptz,
    requests_per_minute integer, scopes text[], expires_at timestamptz, is_access_token boolean,
    call_terms jsonb
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    set_before text := coalesce(current_setting('outdial.tenant_id', true), '');
BEGIN
    PERFORM set_config('outdial.tenant_id', of_tenant::text, true);
    RETURN QUERY
        SELECT known.sha256, key.id, key.tenant_id, key.name, key.networks, key.revoked_at,
            key.requests_per_minute, coalesce(known.scopes, key.scopes),
            least(known.expires_at, key.expires_at), known.scopes IS NOT NULL,
            key.call_terms
        FROM (
            SELECT own.id AS api_key_id, own.sha256, NULL::text[] AS scopes,
                NULL::timestamptz AS expires_at
            FROM api_keys AS own
            WHERE own.tenant_id = of_tenant
                AND own.sha256 BETWEEN first_digest AND last_digest
            UNION ALL
            SELECT token.api_key_id, token.sha256, token.scopes, token.expires_at
            FROM api_key_tokens AS token
            WHERE token.tenant_id = of_tenant
                AND token.sha256 BETWEEN first_digest AND last_digest
        ) AS known
        JOIN api_keys AS key ON key.tenant_id = of_tenant AND key.id = known.api_key_id;
    PERFORM set_config('outdial.tenant_id', set_before, true);
END
$$;
