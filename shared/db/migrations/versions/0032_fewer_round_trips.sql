-- What the api always asks together, in one round trip each, with the rights of the caller. The
-- statements of such a function are run one after the other, each on what is committed when it
-- begins; so what is read under a lock is read after the lock was taken.

-- Serves api_keys.find: the keys of a tenant whose digests are between the two. It sets the tenant
-- itself, so it needs no transaction of the tenant. What was set before is set again at its end.
CREATE FUNCTION known_keys(of_tenant integer, first_digest bytea, last_digest bytea)
RETURNS TABLE (
    sha256 bytea, id bigint, tenant_id integer, name text, networks cidr[], revoked_at timestamptz,
    requests_per_minute integer, scopes text[], expires_at timestamptz, is_access_token boolean
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
            least(known.expires_at, key.expires_at), known.scopes IS NOT NULL
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

-- Serves idempotency_keys.take: no row if another transaction holds the lock of the request.
CREATE FUNCTION take_answer(
    lock_class integer, of_tenant integer, of_key bigint, word text, since timestamptz
)
RETURNS TABLE (fingerprint bytea, status smallint, headers jsonb, body bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF NOT pg_try_advisory_xact_lock(
        lock_class, hashtext(concat_ws('/', of_tenant, of_key, word))
    ) THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT kept.fingerprint, kept.status, kept.headers, kept.body
        FROM (SELECT) AS taken
        LEFT JOIN idempotency_keys AS kept
            ON kept.tenant_id = of_tenant AND kept.api_key_id = of_key AND kept.key = word
            AND kept.created_at > since;
END
$$;

CREATE FUNCTION single_calls_of(of_tenant integer, definition_digest bytea) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT id FROM campaigns
    WHERE tenant_id = of_tenant AND takes_calls_of = definition_digest
        AND wanted_state <> 'cancelled' AND state NOT IN ('completed', 'cancelled')
$$;

-- Serves single_calls.take: the campaign that takes the calls of a definition, which is not completed
-- until the transaction ends; NULL if there is none.
CREATE FUNCTION take_single_calls(lock_class integer, of_tenant integer, definition_digest bytea)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    found bigint := single_calls_of(of_tenant, definition_digest);
BEGIN
    IF found IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(lock_class, hashint8(found));
    -- Looked for again: it may have ended before its completion was blocked.
    RETURN single_calls_of(of_tenant, definition_digest);
END
$$;
