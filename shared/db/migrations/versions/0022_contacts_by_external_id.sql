-- Serves contact_edits.find. Not CONCURRENTLY, as in 0002.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX contacts_external_id ON contacts (tenant_id, external_id)
    WHERE external_id IS NOT NULL;
