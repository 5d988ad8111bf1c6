-- The table is small, so its checks are validated at once.
-- squawk-ignore-file constraint-missing-not-valid, ban-drop-not-null
-- An erasure of a person is an operation, too, of no campaign. It is put off until `not_before` while
-- it waits for something. `erased` counts the rows that are gone.
ALTER TABLE operations
    ADD COLUMN kind text NOT NULL DEFAULT 'contacts_import',
    ADD COLUMN not_before timestamptz,
    ADD COLUMN waits_for text,
    ADD COLUMN erased jsonb;
ALTER TABLE operations ALTER COLUMN campaign_id DROP NOT NULL;
ALTER TABLE operations
    ADD CONSTRAINT operations_kind CHECK (kind IN ('contacts_import', 'erasure')),
    ADD CONSTRAINT operations_campaign CHECK ((kind = 'contacts_import') = (campaign_id IS NOT NULL)),
    -- Whom it erased is not kept after its end.
    ADD CONSTRAINT operations_forget CHECK (
        kind <> 'erasure' OR ended_at IS NULL OR request = '{}'
    );

-- As before, but for operations that are put off.
CREATE OR REPLACE FUNCTION take_operation(
    taker uuid, lease_seconds double precision, most_of_tenant integer
)
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
            AND (waiting.not_before IS NULL OR waiting.not_before <= clock_timestamp())
            AND running < most_of_tenant
        ORDER BY running, waiting.created_at
        LIMIT 1 FOR UPDATE OF waiting SKIP LOCKED
    )
    RETURNING *
$$;

-- Clears the fields of the tenant's audit entries about these contacts, and the reasons of suppressions of
-- these numbers, with the rights of the owner: the api may not change an entry. Who did what, when and
-- from where stays. Entries know the last digits of a number only, so reasons of others may go, too.
CREATE FUNCTION clear_audited(contact_ids bigint[], masked_numbers text[])
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE audit_log SET before = NULL, after = NULL
    WHERE tenant_id = current_tenant() AND kind = 'contacts' AND resource_id = ANY (contact_ids::text[]);
    UPDATE audit_log SET before = before - 'reason', after = after - 'reason'
    WHERE tenant_id = current_tenant() AND kind = 'suppressions' AND resource_id = ANY (masked_numbers)
$$;
REVOKE EXECUTE ON FUNCTION clear_audited(bigint[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clear_audited(bigint[], text[]) TO outdial_api;
