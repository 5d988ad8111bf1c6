-- Serves event_days.in_use. Not CONCURRENTLY: it would wait for a second migrator, whose wait for
-- the lock of migrations holds a snapshot. The table is read once, and few of its rows are pending.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (tenant_id, event_at)
    WHERE state = 'pending';
