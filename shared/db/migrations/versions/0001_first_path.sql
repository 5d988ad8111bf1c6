-- Everything that one attempt's path needs. States are text with a CHECK of the same words as the
-- code; columns are tied to states so that a wrong transition cannot be stored.

CREATE TABLE tenants (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    max_concurrent integer CHECK (max_concurrent > 0),
    calls_per_second integer CHECK (calls_per_second > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id bigint NOT NULL REFERENCES tenants (id),
    prefix text NOT NULL,
    sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- A route to a provider, with the caps that its carrier enforces.
CREATE TABLE trunks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    provider text NOT NULL,
    url text NOT NULL,
    max_concurrent integer CHECK (max_concurrent > 0),
    calls_per_second integer CHECK (calls_per_second > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE campaigns (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id bigint NOT NULL REFERENCES tenants (id),
    trunk_id bigint NOT NULL REFERENCES trunks (id),
    name text NOT NULL CHECK (name <> ''),
    definition jsonb NOT NULL,
    state text NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled')),
    wanted_state text NOT NULL DEFAULT 'draft'
        CHECK (wanted_state IN ('draft', 'running', 'paused', 'cancelled')),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    CHECK ((state IN ('completed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'cancelled' OR wanted_state = 'cancelled'),
    CHECK (state NOT IN ('running', 'completed') OR started_at IS NOT NULL)
);
-- Serves campaigns.page.
CREATE INDEX campaigns_of_tenant ON campaigns (tenant_id, id);
-- Serves campaign_runs.unsettled and campaign_runs.running: those with something still to do.
CREATE INDEX campaigns_open ON campaigns (id) WHERE state NOT IN ('completed', 'cancelled');

-- Who wanted what and when: the instant is the one at which the dialer must begin to obey.
CREATE TABLE campaign_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES campaigns (id),
    wanted_state text NOT NULL,
    api_key_id bigint REFERENCES api_keys (id),
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX campaign_changes_of_campaign ON campaign_changes (campaign_id, id);

-- The candidate zones and the jurisdiction that many contacts share, and where they came from.
CREATE TABLE calling_groups (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    zones text[] NOT NULL,
    jurisdiction text NOT NULL,
    source text NOT NULL CHECK (source IN ('contact', 'number', 'campaign', 'unknown')),
    UNIQUE (zones, jurisdiction, source),
    CHECK ((source = 'unknown') = (cardinality(zones) = 0))
);

-- Which groups a campaign's contacts fall into, so that no clock question scans the contacts.
CREATE TABLE campaign_groups (
    campaign_id bigint NOT NULL REFERENCES campaigns (id),
    calling_group_id integer NOT NULL REFERENCES calling_groups (id),
    PRIMARY KEY (campaign_id, calling_group_id)
);

-- No foreign keys on contacts and attempts: each would cost a look-up per row on the import and
-- on the hot path, and both are only ever inserted by a statement that has read the parent row.
CREATE TABLE contacts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL,
    not_before timestamptz NOT NULL DEFAULT '-infinity',
    calling_group_id integer NOT NULL,
    day date,
    attempts smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    attempts_on_day smallint NOT NULL DEFAULT 0 CHECK (attempts_on_day BETWEEN 0 AND attempts),
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'active', 'finished')),
    number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    outcome text,
    external_id text,
    attributes jsonb,
    CHECK ((state = 'finished') = (outcome IS NOT NULL)),
    UNIQUE (campaign_id, number)
);
-- Serves claims.claim, claims.lock_due and campaign_groups.unfinished.
CREATE INDEX contacts_due ON contacts (campaign_id, calling_group_id, not_before)
    WHERE state = 'pending';

CREATE TABLE attempts (
    id uuid PRIMARY KEY,
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
    number smallint NOT NULL CHECK (number > 0),
    state text NOT NULL
        CHECK (state IN ('claimed', 'dialing', 'placed', 'ended', 'unknown', 'dropped')),
    zone_data text NOT NULL,
    outcome text,
    reason text,
    provider_call_id text,
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
-- One live attempt per contact, whatever the code believes. Also serves claims.live, live_leases,
-- republish and take_silent, and campaign_groups.unfinished: it holds the live attempts only, a few
-- thousand at most.
CREATE UNIQUE INDEX attempts_live ON attempts (contact_id) WHERE ended_at IS NULL;
-- Serves attempt_records.page.
CREATE INDEX attempts_of_campaign ON attempts (campaign_id, id);
-- Serves attempt_records.of_contact.
CREATE INDEX attempts_of_contact ON attempts (contact_id, id);

-- Additive counters, written in the transaction of the fact they count.
CREATE TABLE campaign_counters (
    campaign_id bigint NOT NULL,
    name text NOT NULL,
    value bigint NOT NULL CHECK (value >= 0),
    PRIMARY KEY (campaign_id, name)
) WITH (fillfactor = 50);

-- Numbers that a tenant must not call; read again in the dialer's compare-and-set.
CREATE TABLE suppressions (
    tenant_id bigint NOT NULL REFERENCES tenants (id),
    number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, number)
);

-- Which facts have been folded: a message may come twice, a fact counts once.
CREATE TABLE inbox (
    attempt_id uuid NOT NULL,
    kind text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (attempt_id, kind)
);

-- Public events, committed with the fact and relayed to Kafka in order of seq.
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE webhook_endpoints (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL UNIQUE REFERENCES campaigns (id),
    url text NOT NULL,
    secret text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);

CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY,
    endpoint_id bigint NOT NULL REFERENCES webhook_endpoints (id),
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'exhausted')),
    payload bytea NOT NULL,
    tries smallint NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    last_status smallint,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CHECK ((state = 'pending') = (ended_at IS NULL))
);
-- Serves webhooks.take_due.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_try_at)
    WHERE state = 'pending';
-- Serves webhooks.of_campaign.
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, created_at);
