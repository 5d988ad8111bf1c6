-- Whether the revisions of the campaigns were raised for it; those of before were, or are over.
ALTER TABLE blackouts ADD COLUMN is_raised boolean NOT NULL DEFAULT true;
