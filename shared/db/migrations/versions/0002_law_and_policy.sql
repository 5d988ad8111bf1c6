-- Where people are, what the law and the policy forbid, and what each contact waits for.

SET LOCAL statement_timeout = '60s';

-- A contact may fall under several jurisdictions, by its number and by its address: all hold.
-- The table has a row per combination that occurs, a few thousand at most.
ALTER TABLE calling_groups ADD COLUMN jurisdictions text[] NOT NULL DEFAULT '{}';
ALTER TABLE calling_groups ADD COLUMN jurisdiction_source text NOT NULL DEFAULT 'number';
UPDATE calling_groups SET jurisdictions = ARRAY[jurisdiction];
-- squawk-ignore ban-drop-column
ALTER TABLE calling_groups DROP COLUMN jurisdiction;
-- squawk-ignore ban-drop-constraint
ALTER TABLE calling_groups DROP CONSTRAINT calling_groups_source_check;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE calling_groups ADD CONSTRAINT calling_groups_source_check
    CHECK (source IN ('contact', 'postal_code', 'number', 'campaign', 'unknown'));
-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
ALTER TABLE calling_groups ADD CONSTRAINT calling_groups_combination
    UNIQUE (zones, source, jurisdictions, jurisdiction_source);

-- What a tenant made of the rule packs: rules it added, turned on or overrode, with who and why.
ALTER TABLE tenants ADD COLUMN rules jsonb NOT NULL DEFAULT '{}';

-- Every state of that column, so that nobody weakens a rule without a trace.
CREATE TABLE tenant_rule_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id bigint NOT NULL REFERENCES tenants (id),
    api_key_id bigint REFERENCES api_keys (id),
    rules jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Every definition that a campaign had after its first.
CREATE TABLE campaign_edits (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES campaigns (id),
    api_key_id bigint REFERENCES api_keys (id),
    definition jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Spans in which nobody is called: everywhere, of one tenant, in one jurisdiction, or both.
CREATE TABLE blackouts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id bigint REFERENCES tenants (id),
    jurisdiction text,
    starts_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at timestamptz NOT NULL DEFAULT 'infinity',
    reason text NOT NULL CHECK (reason <> ''),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (starts_at < ends_at)
);

-- Campaign 0 stands for all campaigns of the tenant.
ALTER TABLE suppressions ADD COLUMN campaign_id bigint NOT NULL DEFAULT 0;
ALTER TABLE suppressions ADD COLUMN expires_at timestamptz NOT NULL DEFAULT 'infinity';
-- squawk-ignore ban-drop-constraint
ALTER TABLE suppressions DROP CONSTRAINT suppressions_pkey;
-- squawk-ignore adding-serial-primary-key-field, constraint-missing-not-valid
ALTER TABLE suppressions ADD CONSTRAINT suppressions_pkey
    PRIMARY KEY (tenant_id, number, campaign_id);

-- Why a pending contact is not due yet; none is that it has not been tried.
ALTER TABLE contacts ADD COLUMN waits_for text;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE contacts ADD CONSTRAINT contacts_waits_for CHECK (waits_for IN (
    'retry', 'day', 'callback', 'frequency_cap', 'silence', 'suppression', 'window', 'capacity'
));
-- After this the request is void: the contact ends as out_of_time.
ALTER TABLE contacts ADD COLUMN expires_at timestamptz;
-- The attempts in the window that opened then, for the budget per window.
ALTER TABLE contacts ADD COLUMN window_opened_at timestamptz;
ALTER TABLE contacts ADD COLUMN attempts_in_window smallint NOT NULL DEFAULT 0;

-- The rules that allowed the attempt, by pack and version, and the one that stopped it.
ALTER TABLE attempts ADD COLUMN rules text NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN stopped_by text;

-- Calls to a person (a number of a tenant) about a subject, in whatever campaign: what frequency
-- caps count and silences begin with. Written in the dialer's compare-and-set, given its outcome
-- by events. No outcome: the call is up, or its end is not known yet.
CREATE TABLE person_calls (
    tenant_id bigint NOT NULL,
    number text NOT NULL,
    dialing_at timestamptz NOT NULL,
    attempt_id uuid NOT NULL,
    subject text NOT NULL,
    outcome text,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, number, attempt_id),
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
) WITH (fillfactor = 80);
