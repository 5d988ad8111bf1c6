-- Serves sms_sending.take_due, which takes in turn from the campaigns of a tenant. Not
-- CONCURRENTLY, as in 0002.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX sms_messages_turns ON sms_messages (tenant_id, campaign_id, next_try_at)
    WHERE state = 'queued';

-- When the sender first sent a message; from then on it is kept, for the replies.
ALTER TABLE sms_senders ADD COLUMN first_sent_at timestamptz;
UPDATE sms_senders AS known SET first_sent_at = used.first_sent_at
FROM (
    SELECT tenant_id, sender, min(sending_at) AS first_sent_at FROM sms_messages
    WHERE sending_at IS NOT NULL GROUP BY tenant_id, sender
) AS used
WHERE known.tenant_id = used.tenant_id AND known.sender = used.sender;
