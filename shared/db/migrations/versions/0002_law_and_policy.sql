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

-- Raised by whatever forbids calls that were allowed: an edit, the tenant's rules, a black-out. The
-- dialer's compare-and-set wins only by the edition that the attempt was judged by.
ALTER TABLE campaigns ADD COLUMN edition integer NOT NULL DEFAULT 0;

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
    -- Equal when it was ended before it began.
    CHECK (starts_at <= ends_at)
);
-- Serves blackouts.in_force, past the record of those that are over.
CREATE INDEX blackouts_end ON blackouts (ends_at);

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
-- The not_before that a suppression moved: it holds again when that is lifted.
ALTER TABLE contacts ADD COLUMN resumes_at timestamptz;
-- After this the request is void: the contact ends as out_of_time.
ALTER TABLE contacts ADD COLUMN expires_at timestamptz;
-- The window of the last attempt, known by its closing, and the attempts in it so far.
ALTER TABLE contacts ADD COLUMN window_closes_at timestamptz;
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
-- Whether the call is in person_calls and must be given its outcome there.
ALTER TABLE attempts ADD COLUMN counted boolean NOT NULL DEFAULT false;

-- How many pending contacts wait for what, by group and by which five minutes since 1970 hold their
-- not_before (0: at once), so that a campaign can say why nobody is called without reading its
-- contacts. Written in the transaction of each change; it always equals a recount.
CREATE TABLE waiting_contacts (
    campaign_id bigint NOT NULL,
    calling_group_id integer NOT NULL,
    waits_for text NOT NULL,
    slot integer NOT NULL,
    contacts bigint NOT NULL,
    PRIMARY KEY (campaign_id, calling_group_id, waits_for, slot)
) WITH (fillfactor = 50);
CREATE FUNCTION waiting_slot(not_before timestamptz) RETURNS integer LANGUAGE sql STABLE
RETURN CASE WHEN not_before = '-infinity' THEN 0
    ELSE floor(extract(epoch FROM not_before) / 300)::integer END;
INSERT INTO waiting_contacts (campaign_id, calling_group_id, waits_for, slot, contacts)
SELECT campaign_id, calling_group_id,
    CASE WHEN not_before = '-infinity' THEN 'new' ELSE 'retry' END,
    waiting_slot(not_before),
    count(*)
FROM contacts WHERE state = 'pending' GROUP BY 1, 2, 3, 4;

-- Serves contacts.callbacks_due and attempts.claim of callbacks, which come before other work.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX contacts_callbacks ON contacts (campaign_id, calling_group_id, not_before)
    WHERE state = 'pending' AND waits_for = 'callback';
-- Serves contacts.expire.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX contacts_expiring ON contacts (expires_at)
    WHERE state = 'pending' AND expires_at IS NOT NULL;
