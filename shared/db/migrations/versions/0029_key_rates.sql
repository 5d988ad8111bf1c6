-- Keys are few, so the lock on this table is short.
-- squawk-ignore-file constraint-missing-not-valid
-- Null: the rate of the installation.
ALTER TABLE api_keys
    ADD COLUMN requests_per_minute integer CHECK (requests_per_minute > 0);
