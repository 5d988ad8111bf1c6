-- A small database as the first release leaves it: one tenant with a campaign at work, contacts and
-- attempts in each state. Written by hand and never edited. A later release that adds a state or a
-- table adds a file of its own beside this one, named by the migration that its rows are of.

INSERT INTO tenants (id, name, max_concurrent, rules, rules_revision) OVERRIDING SYSTEM VALUE
VALUES (3, 'stored', 50, '{}', 1);

INSERT INTO trunks (id, name, provider, settings, for_every_tenant, calls_per_second)
    OVERRIDING SYSTEM VALUE
VALUES (2, 'default', 'null', '{}', true, 10), (4, 'own', 'null', '{}', false, NULL);
INSERT INTO trunk_secrets (trunk_id, secret) VALUES (4, 'secret');
INSERT INTO trunk_grants (tenant_id, trunk_id) VALUES (3, 4);

INSERT INTO calling_groups (id, zones, source, jurisdictions, jurisdiction_source)
    OVERRIDING SYSTEM VALUE
VALUES (5, '{America/New_York}', 'number', '{US-NY}', 'number'),
    (6, '{}', 'unknown', '{}', 'number');

INSERT INTO blackouts (id, tenant_id, jurisdiction, starts_at, ends_at, reason)
    OVERRIDING SYSTEM VALUE
VALUES (1, 3, 'US-LA', '2026-11-18T00:00Z', '2026-11-19T00:00Z', 'a storm'),
    (2, NULL, NULL, '2026-11-17T00:00Z', '2026-11-17T00:00Z', 'ended before it began');

INSERT INTO api_keys (tenant_id, id, prefix, sha256) OVERRIDING SYSTEM VALUE
VALUES (3, 8, 'od_3_', sha256('key'));

INSERT INTO tenant_rule_changes (tenant_id, id, api_key_id, rules) OVERRIDING SYSTEM VALUE
VALUES (3, 1, 8, '{}');

INSERT INTO campaigns (
    tenant_id, id, trunk_id, name, definition, revision, state, wanted_state, started_at, ended_at
) OVERRIDING SYSTEM VALUE
SELECT 3, id, 2, name, jsonb_build_object(
        'name', name, 'kind', 'solicitation', 'automated', true, 'calendar', jsonb_build_object(
            'windows', '[{"days": ["wed"], "start": "09:00", "end": "20:00"}]'::jsonb
        )
    ), revision, state, wanted_state, started_at::timestamptz, ended_at::timestamptz
FROM (VALUES
    (7, 'at work', 1, 'running', 'running', '2026-11-18T12:00Z', NULL),
    (9, 'drafted', 0, 'draft', 'draft', NULL, NULL),
    (10, 'cancelled', 0, 'cancelled', 'cancelled', NULL, '2026-11-18T12:00Z')
) AS campaign (id, name, revision, state, wanted_state, started_at, ended_at);
INSERT INTO campaign_changes (tenant_id, id, campaign_id, wanted_state, api_key_id)
    OVERRIDING SYSTEM VALUE
VALUES (3, 1, 7, 'running', 8), (3, 2, 10, 'cancelled', 8);
INSERT INTO campaign_edits (tenant_id, id, campaign_id, definition, api_key_id)
    OVERRIDING SYSTEM VALUE
SELECT 3, 1, 7, definition, 8 FROM campaigns WHERE tenant_id = 3 AND id = 7;
INSERT INTO campaign_groups (tenant_id, campaign_id, calling_group_id) VALUES (3, 7, 5), (3, 7, 6);

INSERT INTO contacts (
    tenant_id, id, campaign_id, calling_group_id, number, state, outcome, waits_for, not_before,
    resumes_at, expires_at, attempts, attempts_on_day, day, window_closes_at, attempts_in_window,
    external_id, attributes
) OVERRIDING SYSTEM VALUE VALUES
    (3, 41, 7, 5, '+12125550141', 'pending', NULL, NULL, '-infinity',
        NULL, '2027-01-01T00:00Z', 0, 0, NULL, NULL, 0, 'P41', '{"name": "new"}'),
    (3, 42, 7, 5, '+12125550142', 'pending', NULL, 'retry', '2026-11-18T15:00Z',
        NULL, NULL, 1, 1, '2026-11-18', '2026-11-19T01:00Z', 1, NULL, NULL),
    (3, 43, 7, 5, '+12125550143', 'pending', NULL, 'suppression', '2026-12-01T00:00Z',
        '2026-11-18T16:00Z', NULL, 0, 0, NULL, NULL, 0, NULL, NULL),
    (3, 44, 7, 5, '+12125550144', 'pending', NULL, 'callback', '2026-11-18T17:00Z',
        NULL, NULL, 0, 0, NULL, NULL, 0, NULL, NULL),
    (3, 45, 7, 5, '+12125550145', 'active', NULL, NULL, '-infinity',
        NULL, NULL, 0, 0, NULL, NULL, 0, NULL, NULL),
    (3, 46, 7, 5, '+12125550146', 'active', NULL, NULL, '-infinity',
        NULL, NULL, 0, 0, NULL, NULL, 0, NULL, NULL),
    (3, 47, 7, 5, '+12125550147', 'active', NULL, NULL, '-infinity',
        NULL, NULL, 0, 0, NULL, NULL, 0, NULL, NULL),
    (3, 48, 7, 5, '+12125550148', 'finished', 'opt_out', NULL, '-infinity',
        NULL, NULL, 1, 1, '2026-11-18', '2026-11-19T01:00Z', 1, NULL, NULL),
    (3, 49, 7, 5, '+12125550149', 'finished', 'unknown', NULL, '-infinity',
        NULL, NULL, 1, 1, '2026-11-18', '2026-11-19T01:00Z', 1, NULL, NULL),
    (3, 50, 7, 6, '+80012345678', 'finished', 'excluded', NULL, '-infinity',
        NULL, NULL, 0, 0, NULL, NULL, 0, NULL, NULL);
INSERT INTO waiting_contacts (
    tenant_id, campaign_id, calling_group_id, waits_for, five_minutes, contacts
)
SELECT 3, 7, 5, waits_for, five_minutes_of(not_before::timestamptz), 1 FROM (VALUES
    ('new', '-infinity'), ('retry', '2026-11-18T15:00Z'), ('suppression', '2026-12-01T00:00Z'),
    ('callback', '2026-11-18T17:00Z')
) AS wait (waits_for, not_before);

INSERT INTO attempts (
    tenant_id, id, campaign_id, contact_id, number, state, outcome, reason, stopped_by, claimed_at,
    window_closes_at, revisit_at, dialing_at, placed_at, ended_at, provider_call_id,
    in_person_calls, tzdata_version, rules
)
SELECT 3, ('0198f5c2-0000-7000-8000-0000000000' || contact_id)::uuid, 7, contact_id, 1, state,
    outcome, reason, stopped_by, '2026-11-18T14:00Z', '2026-11-19T01:00Z',
    revisit_at::timestamptz, dialing_at::timestamptz, placed_at::timestamptz,
    ended_at::timestamptz, call_id, in_person_calls, '2026b', 'US@2026-11-21'
FROM (VALUES
    (45, 'claimed', NULL, NULL, NULL, '2026-11-18T14:01Z', NULL, NULL, NULL, NULL, false),
    (46, 'dialing', NULL, NULL, NULL, '2026-11-18T14:01Z', '2026-11-18T14:00:01Z', NULL, NULL,
        NULL, true),
    (47, 'placed', NULL, NULL, NULL, '2026-11-18T14:01Z', '2026-11-18T14:00:01Z',
        '2026-11-18T14:00:02Z', NULL, 'call-47', true),
    (42, 'ended', 'busy', NULL, NULL, NULL, '2026-11-18T14:00:01Z', '2026-11-18T14:00:02Z',
        '2026-11-18T14:00:30Z', 'call-42', true),
    (48, 'ended', 'opt_out', NULL, NULL, NULL, '2026-11-18T14:00:01Z', '2026-11-18T14:00:02Z',
        '2026-11-18T14:00:40Z', 'call-48', true),
    (49, 'unknown', 'unknown', 'no_record', NULL, NULL, '2026-11-18T14:00:01Z', NULL,
        '2026-11-18T14:10Z', NULL, true),
    (44, 'dropped', NULL, 'frequency_cap', 'us.hours', NULL, NULL, NULL, '2026-11-18T14:00:01Z',
        NULL, false)
) AS attempt (
    contact_id, state, outcome, reason, stopped_by, revisit_at, dialing_at, placed_at, ended_at,
    call_id, in_person_calls
);
INSERT INTO campaign_counters (tenant_id, campaign_id, name, value) VALUES
    (3, 7, 'contacts', 10), (3, 7, 'attempts', 7), (3, 7, 'dropped', 1),
    (3, 7, 'outcome.busy', 1), (3, 7, 'outcome.opt_out', 1), (3, 7, 'outcome.unknown', 1),
    (3, 7, 'finished.opt_out', 1), (3, 7, 'finished.unknown', 1), (3, 7, 'finished.excluded', 1);

INSERT INTO suppressions (tenant_id, campaign_id, number, reason, expires_at) VALUES
    (3, 0, '+12125550148', 'opt_out', 'infinity'), (3, 0, '+80012345678', 'asked', 'infinity'),
    (3, 7, '+12125550143', 'asked', '2026-12-01T00:00Z');
INSERT INTO person_calls (tenant_id, number, dialing_at, attempt_id, subject, outcome, ended_at)
SELECT 3, contacts.number, dialing_at, attempts.id, 'sale', attempts.outcome, attempts.ended_at
FROM attempts JOIN contacts ON contacts.tenant_id = 3 AND contacts.id = contact_id
WHERE attempts.tenant_id = 3 AND in_person_calls;
INSERT INTO inbox (tenant_id, attempt_id, kind)
SELECT 3, id, 'outdial.call.ended.v1' FROM attempts WHERE tenant_id = 3 AND state = 'ended';

INSERT INTO public_events (tenant_id, position, at, id, type, topic, key, payload)
SELECT 3, position, '2026-11-18T14:01Z',
    ('0198f5c2-0000-7000-8000-00000000010' || position)::uuid, 'outdial.attempt.ended.v1',
    'outdial.contacts.events.v1', '42', '{}'
FROM generate_series(1, 3) AS position;
INSERT INTO event_heads (tenant_id, last) VALUES (3, 3);
INSERT INTO event_relays (tenant_id, relayed) VALUES (3, 2);
INSERT INTO webhook_endpoints (tenant_id, id, campaign_id, event_types, url, secret)
    OVERRIDING SYSTEM VALUE
VALUES (3, 6, 7, '{outdial.attempt.ended.v1}', 'https://example.com/hook', 'whsec_eA==');
INSERT INTO webhook_deliveries (
    tenant_id, endpoint_id, position, event_id, event_at, state, tries, ended_at
)
SELECT 3, 6, position, id, at, (ARRAY['delivered', 'exhausted', 'pending'])[position], position,
    CASE WHEN position < 3 THEN at END
FROM public_events WHERE tenant_id = 3;
