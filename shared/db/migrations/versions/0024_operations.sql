-- Imports of contacts that go on after their request. The rows up to `line` of the file are
-- committed with their counts, so another api goes on after them.
CREATE TABLE operations (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id bigint NOT NULL,
    api_key_id bigint NOT NULL,
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    -- How the file is read, as its request says.
    request jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    ended_at timestamptz,
    -- The api that runs it, and until when no other may take it.
    lease uuid,
    leased_until timestamptz,
    -- How often it was taken since the last commit: one that kills its api is given up.
    tries smallint NOT NULL DEFAULT 0,
    line bigint NOT NULL DEFAULT 0,
    bytes_total bigint NOT NULL,
    bytes_read bigint NOT NULL DEFAULT 0,
    imported bigint NOT NULL DEFAULT 0,
    updated bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    suppressed bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    warnings bigint NOT NULL DEFAULT 0,
    columns jsonb NOT NULL DEFAULT '[]',
    problem jsonb,
    PRIMARY KEY (tenant_id, id),
    CHECK ((state = 'running') = (lease IS NOT NULL)),
    CHECK ((lease IS NULL) = (leased_until IS NULL)),
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
);
-- Serves take_operation, completion.remainder and operations.is_open.
CREATE INDEX operations_open ON operations (tenant_id, campaign_id)
    WHERE state IN ('queued', 'running');
-- Serves retention.delete_operations.
CREATE INDEX operations_age ON operations (tenant_id, ended_at) WHERE ended_at IS NOT NULL;

-- The file of an operation until it ends, and the rows that were not taken as they are, as CSV.
CREATE TABLE operation_parts (
    tenant_id integer NOT NULL,
    operation_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('upload', 'rows')),
    part bigint GENERATED ALWAYS AS IDENTITY,
    content bytea NOT NULL,
    PRIMARY KEY (tenant_id, operation_id, kind, part),
    FOREIGN KEY (tenant_id, operation_id) REFERENCES operations ON DELETE CASCADE
);

-- Takes the next operation of all tenants, with the rights of the owner: the api sees one tenant at a
-- time. The tenant with the fewest running comes first, and none has more than a few.
CREATE FUNCTION take_operation(taker uuid, lease_seconds double precision, most_of_tenant integer)
RETURNS SETOF operations
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE operations SET state = 'running', lease = taker, tries = tries + 1,
        leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
        started_at = coalesce(started_at, clock_timestamp())
    WHERE (tenant_id, id) = (
        SELECT waiting.tenant_id, waiting.id FROM operations AS waiting
        CROSS JOIN LATERAL (
            SELECT count(*) AS running FROM operations AS other
            WHERE other.tenant_id = waiting.tenant_id AND other.state = 'running'
                AND other.leased_until > clock_timestamp()
        ) AS tenants_own
        WHERE waiting.state IN ('queued', 'running')
            AND (waiting.state = 'queued' OR waiting.leased_until < clock_timestamp())
            AND running < most_of_tenant
        ORDER BY running, waiting.created_at
        LIMIT 1 FOR UPDATE OF waiting SKIP LOCKED
    )
    RETURNING *
$$;
REVOKE EXECUTE ON FUNCTION take_operation(uuid, double precision, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_operation(uuid, double precision, integer) TO outdial_api;

SELECT open_to_api('operations');
SELECT open_to_api('operation_parts');
