-- The schema of the first release. States are text with a CHECK of the same words as the code;
-- columns are tied to states so that a wrong transition cannot be stored.
--
-- The tenant leads: every table of a tenant has tenant_id first in its primary key, its unique keys
-- and its indexes, and every statement names the tenant. tests/integration/db/test_tenant_leads.py
-- checks both and lists the tables of the installation.

SET LOCAL statement_timeout = '60s';

-- --- The installation: what no tenant owns ---

-- `rules` is what a tenant made of the rule packs: rules it added, turned on or overrode.
-- `rules_revision` rises with each change of them: processes keep them parsed until then.
CREATE TABLE tenants (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    max_concurrent integer CHECK (max_concurrent > 0),
    calls_per_second integer CHECK (calls_per_second > 0),
    rules jsonb NOT NULL DEFAULT '{}',
    rules_revision integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- A route to a provider, with the caps that its carrier enforces. `settings` are the provider's
-- own. A trunk that is not for every tenant is for those with a grant.
CREATE TABLE trunks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    provider text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    for_every_tenant boolean NOT NULL DEFAULT false,
    max_concurrent integer CHECK (max_concurrent > 0),
    calls_per_second integer CHECK (calls_per_second > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- A trunk's key or token, apart: no query for anything else reads it, and no error that quotes a
-- row of trunks shows it.
CREATE TABLE trunk_secrets (
    trunk_id bigint PRIMARY KEY REFERENCES trunks (id),
    secret text NOT NULL CHECK (secret <> '')
);

CREATE TABLE trunk_grants (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    trunk_id bigint NOT NULL REFERENCES trunks (id),
    PRIMARY KEY (tenant_id, trunk_id)
);

-- The candidate zones and the jurisdictions that many contacts share, and where each came from. A
-- contact may fall under several jurisdictions, by its number and by its address: all hold. A row
-- per combination that occurs, a few thousand at most.
CREATE TABLE calling_groups (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    zones text[] NOT NULL,
    source text NOT NULL
        CHECK (source IN ('contact', 'postal_code', 'number', 'campaign', 'unknown')),
    jurisdictions text[] NOT NULL,
    jurisdiction_source text NOT NULL DEFAULT 'number',
    CONSTRAINT calling_groups_combination
        UNIQUE (zones, source, jurisdictions, jurisdiction_source),
    CHECK ((source = 'unknown') = (cardinality(zones) = 0))
);

-- Spans without calls: everywhere, of one tenant, in one jurisdiction, or both.
CREATE TABLE blackouts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer REFERENCES tenants (id),
    jurisdiction text,
    starts_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at timestamptz NOT NULL DEFAULT 'infinity',
    reason text NOT NULL CHECK (reason <> ''),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Equal when it was ended before it began.
    CHECK (starts_at <= ends_at)
);
-- Serves blackouts.in_force, past the record of those that are over.
CREATE INDEX blackouts_end ON blackouts (ends_at);

-- --- A tenant and its campaigns ---

-- The text of a key begins with `prefix`, which names the tenant; the rest is known to its owner only.
CREATE TABLE api_keys (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    prefix text NOT NULL CHECK (prefix = 'od_' || tenant_id || '_'),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    -- Serves api_keys.find.
    UNIQUE (tenant_id, sha256)
);

-- Every version of tenants.rules, so that no rule is weakened without a trace.
CREATE TABLE tenant_rule_changes (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    api_key_id bigint,
    rules jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_keys
);

-- `revision` rises with each change that may forbid a call: an edit, the tenant's rules, a
-- black-out. The dialer's compare-and-set wins only by the revision that the attempt was judged by.
CREATE TABLE campaigns (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    trunk_id bigint NOT NULL REFERENCES trunks (id),
    name text NOT NULL CHECK (name <> ''),
    definition jsonb NOT NULL,
    revision integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled')),
    wanted_state text NOT NULL DEFAULT 'draft'
        CHECK (wanted_state IN ('draft', 'running', 'paused', 'cancelled')),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    -- Also serves campaigns.page.
    PRIMARY KEY (tenant_id, id),
    CHECK ((state IN ('completed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'cancelled' OR wanted_state = 'cancelled'),
    CHECK (state NOT IN ('running', 'completed') OR started_at IS NOT NULL)
);
-- Serves campaign_runs.unsettled and campaign_runs.running: those with something still to do.
CREATE INDEX campaigns_open ON campaigns (tenant_id, id)
    WHERE state NOT IN ('completed', 'cancelled');

-- Campaigns with the rules of their tenants and the caps above their calls, for shared/db/rows.py.
-- `caps` are max_concurrent and calls_per_second of the tenant, then of the trunk.
CREATE VIEW campaign_terms AS
SELECT campaign.tenant_id, campaign.id, campaign.trunk_id, campaign.state, campaign.wanted_state,
    campaign.revision, campaign.definition::text AS definition,
    tenant.rules_revision, tenant.rules::text AS tenant_rules,
    ARRAY[
        tenant.max_concurrent, tenant.calls_per_second,
        trunk.max_concurrent, trunk.calls_per_second
    ] AS caps
FROM campaigns AS campaign
JOIN tenants AS tenant ON tenant.id = campaign.tenant_id
JOIN trunks AS trunk ON trunk.id = campaign.trunk_id;

-- Each change of wanted_state: by which key, and at which instant; the dialer obeys from then on.
CREATE TABLE campaign_changes (
    tenant_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id bigint NOT NULL,
    wanted_state text NOT NULL,
    api_key_id bigint,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns,
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_keys
);
CREATE INDEX campaign_changes_of_campaign ON campaign_changes (tenant_id, campaign_id, id);

-- Every definition that a campaign had after its first.
CREATE TABLE campaign_edits (
    tenant_id integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id bigint NOT NULL,
    api_key_id bigint,
    definition jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns,
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_keys
);

-- Which groups a campaign's contacts fall into, so that no clock question scans the contacts.
CREATE TABLE campaign_groups (
    tenant_id integer NOT NULL,
    campaign_id bigint NOT NULL,
    calling_group_id integer NOT NULL REFERENCES calling_groups (id),
    PRIMARY KEY (tenant_id, campaign_id, calling_group_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns
);

-- Additive counters, written in the transaction of the fact they count.
CREATE TABLE campaign_counters (
    tenant_id integer NOT NULL,
    campaign_id bigint NOT NULL,
    name text NOT NULL,
    value bigint NOT NULL CHECK (value >= 0),
    PRIMARY KEY (tenant_id, campaign_id, name)
) WITH (fillfactor = 50);

-- --- Contacts and attempts ---

-- No foreign keys on contacts and attempts: each would cost a look-up per row on the import and
-- on the hot path, and both are only ever inserted by a statement that has read the parent row.
-- Contacts wait by the million: columns of eight bytes come first, so that none is padded.
CREATE TABLE contacts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id bigint NOT NULL,
    not_before timestamptz NOT NULL DEFAULT '-infinity',
    tenant_id integer NOT NULL,
    calling_group_id integer NOT NULL,
    day date,
    attempts smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    attempts_on_day smallint NOT NULL DEFAULT 0 CHECK (attempts_on_day BETWEEN 0 AND attempts),
    attempts_in_window smallint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'active', 'finished')),
    number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    outcome text,
    external_id text,
    attributes jsonb,
    -- Why a pending contact is not due yet; none is that it has not been tried.
    waits_for text CONSTRAINT contacts_waits_for CHECK (waits_for IN (
        'retry', 'day', 'callback', 'frequency_cap', 'silence', 'suppression', 'window', 'capacity'
    )),
    -- The not_before that a suppression moved: it holds again when that is lifted.
    resumes_at timestamptz,
    -- After this the request is void: the contact ends as out_of_time.
    expires_at timestamptz,
    -- The window of the last attempt, known by its closing; attempts_in_window were in it.
    window_closes_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((state = 'finished') = (outcome IS NOT NULL)),
    UNIQUE (tenant_id, campaign_id, number)
);
-- Serves claims.claim, claims.lock_due and completion.remainder. The two columns of four bytes
-- stand side by side, which saves eight bytes per entry.
CREATE INDEX contacts_due ON contacts (tenant_id, calling_group_id, campaign_id, not_before)
    WHERE state = 'pending';
-- Serves given_up.callbacks_due and claims.lock_due of callbacks, which come before other work.
CREATE INDEX contacts_callbacks ON contacts (tenant_id, campaign_id, calling_group_id, not_before)
    WHERE state = 'pending' AND waits_for = 'callback';
-- Serves tenants.with_expired_contacts and given_up.expire.
CREATE INDEX contacts_expiring ON contacts (tenant_id, expires_at)
    WHERE state = 'pending' AND expires_at IS NOT NULL;

-- How many pending contacts wait for what, by group and by which five minutes since 1970 hold their
-- not_before (0: at once), so that a campaign can say why nobody is called without reading its
-- contacts. Written in the transaction of each change; it always equals a recount.
CREATE TABLE waiting_contacts (
    tenant_id integer NOT NULL,
    campaign_id bigint NOT NULL,
    calling_group_id integer NOT NULL,
    waits_for text NOT NULL,
    five_minutes integer NOT NULL,
    contacts bigint NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, calling_group_id, waits_for, five_minutes)
) WITH (fillfactor = 50);
CREATE FUNCTION five_minutes_of(not_before timestamptz) RETURNS integer LANGUAGE sql STABLE
RETURN CASE WHEN not_before = '-infinity' THEN 0
    ELSE floor(extract(epoch FROM not_before) / 300)::integer END;

CREATE TABLE attempts (
    id uuid NOT NULL,
    campaign_id bigint NOT NULL,
    contact_id bigint NOT NULL,
    claimed_at timestamptz NOT NULL,
    window_closes_at timestamptz NOT NULL,
    -- When someone must look at a live attempt again if nothing has moved it: the rescuer
    -- publishes a claimed one, the reconciler asks the provider about a dialed one.
    revisit_at timestamptz,
    dialing_at timestamptz,
    placed_at timestamptz,
    ended_at timestamptz,
    tenant_id integer NOT NULL,
    number smallint NOT NULL CHECK (number > 0),
    -- Whether the call is in person_calls and must be given its outcome there.
    in_person_calls boolean NOT NULL DEFAULT false,
    state text NOT NULL
        CHECK (state IN ('claimed', 'dialing', 'placed', 'ended', 'unknown', 'dropped')),
    tzdata_version text NOT NULL,
    -- The rules that allowed the attempt, by pack and version, and the one that stopped it.
    rules text NOT NULL DEFAULT '',
    stopped_by text,
    outcome text,
    reason text,
    provider_call_id text,
    PRIMARY KEY (tenant_id, id),
    CHECK ((state IN ('claimed', 'dialing', 'placed')) = (revisit_at IS NOT NULL)),
    CHECK ((state IN ('ended', 'unknown', 'dropped')) = (ended_at IS NOT NULL)),
    CHECK ((state IN ('ended', 'unknown')) = (outcome IS NOT NULL)),
    CHECK ((state = 'unknown') = (outcome IS NOT DISTINCT FROM 'unknown')),
    CHECK (state <> 'claimed' OR dialing_at IS NULL),
    CHECK (state NOT IN ('dialing', 'placed', 'ended', 'unknown') OR dialing_at IS NOT NULL),
    CHECK ((placed_at IS NULL) = (provider_call_id IS NULL)),
    CHECK (state <> 'placed' OR placed_at IS NOT NULL),
    CHECK (state <> 'dropped' OR placed_at IS NULL)
)
-- What changes while an attempt lives is in no index, so these changes stay within its page, and no
-- index fills with dead entries. A page's rows are dialed together, so as much room is kept as they take.
WITH (fillfactor = 50);
-- One live attempt per contact, whatever the code believes. Also serves tenants.with_overdue_attempts,
-- claims.live and republish, dialing.live_leases and claim_unreported, and completion.remainder:
-- it holds the live attempts only, a few thousand at most.
CREATE UNIQUE INDEX attempts_live ON attempts (tenant_id, contact_id) WHERE ended_at IS NULL;
-- Serves attempt_records.page.
CREATE INDEX attempts_of_campaign ON attempts (tenant_id, campaign_id, id);
-- Serves attempt_records.of_contact.
CREATE INDEX attempts_of_contact ON attempts (tenant_id, contact_id, id);

-- --- Persons: numbers of a tenant, in whatever campaign ---

-- Numbers that a tenant must not call; read again in the dialer's compare-and-set. Campaign 0
-- stands for all campaigns of the tenant.
CREATE TABLE suppressions (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    campaign_id bigint NOT NULL DEFAULT 0,
    number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    reason text NOT NULL,
    expires_at timestamptz NOT NULL DEFAULT 'infinity',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, number, campaign_id)
);
-- The end of the suppressions of a number that are in force at an instant, for all campaigns or
-- for one; infinity: for good. A table function, because the planner puts its body into the query,
-- unless an argument is volatile: give it an instant, or statement_timestamp().
CREATE FUNCTION suppressed_until(tenant integer, campaign bigint, phone text, instant timestamptz)
RETURNS TABLE (until timestamptz) LANGUAGE sql STABLE AS $$
    SELECT max(expires_at) FROM suppressions
    WHERE tenant_id = tenant AND number = phone AND campaign_id IN (0, campaign)
        AND expires_at > instant
$$;

-- Calls to a person about a subject: what frequency caps count and silences begin with. Written in
-- the dialer's compare-and-set, given its outcome by events. No outcome: the call is up, or its end
-- is not known yet.
CREATE TABLE person_calls (
    tenant_id integer NOT NULL,
    number text NOT NULL,
    dialing_at timestamptz NOT NULL,
    attempt_id uuid NOT NULL,
    subject text NOT NULL,
    outcome text,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, number, attempt_id),
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
) WITH (fillfactor = 80);
-- Serves retention.delete_person_calls.
CREATE INDEX person_calls_age ON person_calls (tenant_id, dialing_at);

-- --- Events and webhooks ---

-- Which facts have been folded: a message may come twice, a fact counts once.
CREATE TABLE inbox (
    tenant_id integer NOT NULL,
    attempt_id uuid NOT NULL,
    kind text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, attempt_id, kind)
);

-- Public events, committed with the fact, relayed to Kafka, and kept for a while. The positions of a
-- tenant are gapless and in commit order. A partition holds a day in UTC; events makes it ahead
-- and drops it when its time is over. The default partition takes the events of a day without one.
CREATE TABLE public_events (
    tenant_id integer NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    id uuid NOT NULL,
    type text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    payload bytea NOT NULL,
    -- Serves event_relays.oldest.
    PRIMARY KEY (tenant_id, position, at)
) PARTITION BY RANGE (at);
CREATE TABLE public_events_default PARTITION OF public_events DEFAULT;

-- Serves event_days.make. The lock keeps writers out of the default partition while its events of the
-- day move; writers of a day that has its partition go on.
CREATE FUNCTION make_event_day(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := 'public_events_' || to_char(day, 'YYYYMMDD');
    starts_at timestamptz := day::timestamp AT TIME ZONE 'UTC';
    ends_at timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    LOCK TABLE public_events_default IN ACCESS EXCLUSIVE MODE;
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE public_events INCLUDING ALL)', name);
    EXECUTE format(
        'WITH moved AS (
            DELETE FROM public_events_default WHERE at >= %L AND at < %L RETURNING *
        ) INSERT INTO %I SELECT * FROM moved',
        starts_at, ends_at, name
    );
    EXECUTE format(
        'ALTER TABLE public_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, starts_at, ends_at
    );
END $$;
CREATE FUNCTION drop_event_day(day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS %I', 'public_events_' || to_char(day, 'YYYYMMDD'));
END $$;

-- The last position of each tenant, and the last one that is on Kafka: each in a table of its own,
-- because the writers and the relay must not wait for each other. Both rows change all the time, in
-- no indexed column, so a page keeps room for the next versions.
CREATE TABLE event_heads (
    tenant_id integer PRIMARY KEY,
    last bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE event_relays (
    tenant_id integer PRIMARY KEY,
    relayed bigint NOT NULL
) WITH (fillfactor = 50);

-- Receivers of a tenant's events of some types. Campaign 0 stands for all campaigns of the tenant.
-- `rendering` names a function of services/events/webhooks/renderings.py.
CREATE TABLE webhook_endpoints (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id bigint NOT NULL DEFAULT 0,
    event_types text[] NOT NULL CHECK (cardinality(event_types) > 0),
    rendering text NOT NULL DEFAULT 'standard' CHECK (rendering <> ''),
    url text NOT NULL,
    secret text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
-- Serves public_events.add and webhook_endpoints.deliveries.
CREATE INDEX webhook_endpoints_of_campaign ON webhook_endpoints (tenant_id, campaign_id);

-- One event for one endpoint. The body is rendered from public_events at each try.
CREATE TABLE webhook_deliveries (
    tenant_id integer NOT NULL,
    endpoint_id bigint NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    -- The time of the event, which finds its partition.
    event_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'exhausted')),
    tries smallint NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    last_status smallint,
    last_error text,
    ended_at timestamptz,
    -- Serves webhook_endpoints.deliveries.
    PRIMARY KEY (tenant_id, endpoint_id, position),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id),
    CHECK ((state = 'pending') = (ended_at IS NULL))
);
-- Serves webhooks.take_due.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (tenant_id, endpoint_id, next_try_at)
    WHERE state = 'pending';
