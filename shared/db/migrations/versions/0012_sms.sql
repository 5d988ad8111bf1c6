-- The numbers and names by which a tenant may send text messages, each over a trunk.
CREATE TABLE sms_senders (
    tenant_id integer NOT NULL REFERENCES tenants (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    trunk_id bigint NOT NULL REFERENCES trunks (id),
    sender text NOT NULL CHECK (sender <> ''),
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'inactive')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Also serves sms_senders.page.
    PRIMARY KEY (tenant_id, id),
    -- Serves sms_senders.find and sms_sending.take_due.
    UNIQUE (tenant_id, sender)
);

-- One message to the contact of an attempt. `step` is the step of the call flow that sends it; ''
-- is the message that follows the outcome. Events inserts it with the fact; a dialer sends it, at
-- most once: from `sending` it goes back to `queued` only if it was surely refused.
CREATE TABLE sms_messages (
    id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    campaign_id bigint NOT NULL,
    contact_id bigint NOT NULL,
    trunk_id bigint,
    queued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- When a dialer looks at a queued message, or gives up the answer to a sent request.
    next_try_at timestamptz,
    sending_at timestamptz,
    sent_at timestamptz,
    ended_at timestamptz,
    tenant_id integer NOT NULL,
    tries smallint NOT NULL DEFAULT 0 CHECK (tries >= 0),
    state text NOT NULL CHECK (
        state IN ('queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'unknown')
    ),
    step text NOT NULL DEFAULT '',
    sender text NOT NULL,
    text text NOT NULL,
    -- Why it waits, or why it was not sent or delivered.
    reason text,
    provider_message_id text,
    price numeric CHECK (price >= 0),
    currency text,
    PRIMARY KEY (tenant_id, id),
    -- A fact that is folded twice sends one message. Also serves sms_messages.of_attempt.
    UNIQUE (tenant_id, attempt_id, step),
    CHECK ((state IN ('queued', 'sending')) = (next_try_at IS NOT NULL)),
    CHECK ((state IN ('delivered', 'undelivered', 'failed', 'unknown')) = (ended_at IS NOT NULL)),
    CHECK (state IN ('queued', 'failed') OR sending_at IS NOT NULL),
    CHECK (sending_at IS NULL OR trunk_id IS NOT NULL),
    CHECK ((price IS NULL) = (currency IS NULL))
) WITH (fillfactor = 80);
-- Serves tenants.with_due_sms, sms_sending.take_due and give_up.
CREATE INDEX sms_messages_due ON sms_messages (tenant_id, next_try_at)
    WHERE state IN ('queued', 'sending');
-- Serves sms_messages.page of one campaign.
CREATE INDEX sms_messages_of_campaign ON sms_messages (tenant_id, campaign_id, id);
-- Serves sms_messages.page of one contact.
CREATE INDEX sms_messages_of_contact ON sms_messages (tenant_id, contact_id, id);
