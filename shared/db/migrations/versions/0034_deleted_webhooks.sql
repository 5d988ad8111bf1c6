-- An endpoint that its owner deleted; the row stays for the deliveries that name it, as long as these
-- are kept. Nothing is posted to it.
ALTER TABLE webhook_endpoints ADD COLUMN deleted_at timestamptz
    CHECK (deleted_at IS NULL OR disabled_at IS NOT NULL);
