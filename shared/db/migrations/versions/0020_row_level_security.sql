-- The role that the api takes on. Roles belong to the whole server: another database may have made it
-- before, or makes it now. An owner that may not create roles gets it from an administrator.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'outdial_api') THEN
        BEGIN
            CREATE ROLE outdial_api NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    IF EXISTS (
        SELECT FROM pg_roles WHERE rolname = 'outdial_api' AND (rolsuper OR rolbypassrls)
    ) THEN
        RAISE EXCEPTION 'the role outdial_api must be neither a superuser nor BYPASSRLS';
    END IF;
    IF NOT pg_has_role('outdial_api', 'SET') THEN
        GRANT outdial_api TO CURRENT_USER WITH SET TRUE, INHERIT FALSE;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION '% may not create the role outdial_api or take it on; let an administrator run: '
        'CREATE ROLE outdial_api NOLOGIN; GRANT outdial_api TO % WITH SET TRUE, INHERIT FALSE',
        current_user, quote_ident(current_user);
END $$;

-- The tenant of the transaction, as `SET LOCAL outdial.tenant_id` names it. Null if none is set: no row
-- is of that one.
CREATE FUNCTION current_tenant() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('outdial.tenant_id', true), '')::integer;

-- Opens a table of tenants to the api: the rows of the tenant of its transaction, and no others. Each
-- migration that makes such a table calls it; of a partitioned one only for the table itself, so that
-- its partitions stay closed. A subquery is evaluated once per statement and not per new row, and the
-- planner estimates it like a parameter, so a plan that is kept does not depend on who came first.
CREATE FUNCTION open_to_api(tenants_table regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenants_table);
    EXECUTE format(
        'CREATE POLICY own_rows ON %s TO outdial_api USING (tenant_id = (SELECT current_tenant()))',
        tenants_table
    );
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO outdial_api', tenants_table);
END $$;

SELECT open_to_api(own.oid)
FROM pg_class AS own JOIN pg_attribute AS tenant
    ON tenant.attrelid = own.oid AND tenant.attname = 'tenant_id'
WHERE own.relnamespace = 'public'::regnamespace AND own.relkind IN ('r', 'p')
    AND NOT own.relispartition;

-- The black-outs of the installation concern each tenant, which can only read them.
CREATE POLICY of_installation ON blackouts FOR SELECT TO outdial_api
USING (tenant_id IS NULL AND (SELECT current_tenant()) IS NOT NULL);

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_row ON tenants FOR SELECT TO outdial_api USING (id = (SELECT current_tenant()));
CREATE POLICY own_change ON tenants FOR UPDATE TO outdial_api USING (id = (SELECT current_tenant()));
-- A partner sees the client tenants that it owns, and makes others.
CREATE POLICY clients ON tenants FOR SELECT TO outdial_api
USING (partner_id = (SELECT current_tenant()));
CREATE POLICY new_clients ON tenants FOR INSERT TO outdial_api
WITH CHECK (partner_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE (rules, rules_revision) ON tenants TO outdial_api;

-- A view reads with the rights of its owner, unless it says otherwise, which CREATE OR REPLACE
-- forgets.
ALTER VIEW campaign_terms SET (security_invoker = true);
GRANT SELECT ON campaign_terms TO outdial_api;

-- What no tenant owns. Never trunk_secrets.
GRANT SELECT ON trunks, trunk_outages, rate_tables, rates TO outdial_api;
GRANT SELECT, INSERT ON calling_groups TO outdial_api;

-- Serves why.in_use: the caps of a trunk and of the installation are shared by all tenants. The only
-- statement of the api that counts rows of other tenants, with the rights of the owner.
CREATE FUNCTION live_attempts_by_trunk()
RETURNS TABLE (trunk_id bigint, claimed bigint, dialed bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(attempt.trunk_id, campaign.trunk_id),
        count(*) FILTER (WHERE attempt.state = 'claimed'),
        count(*) FILTER (WHERE attempt.state <> 'claimed')
    FROM tenants AS tenant
    -- OFFSET 0 keeps the tenants outside, so each is an equality on attempts_live.
    CROSS JOIN LATERAL (
        SELECT tenant_id, campaign_id, trunk_id, state FROM attempts
        WHERE tenant_id = tenant.id AND ended_at IS NULL OFFSET 0
    ) AS attempt
    JOIN campaigns AS campaign
        ON campaign.tenant_id = attempt.tenant_id AND campaign.id = attempt.campaign_id
    GROUP BY 1
$$;
REVOKE EXECUTE ON FUNCTION live_attempts_by_trunk() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION live_attempts_by_trunk() TO outdial_api;
