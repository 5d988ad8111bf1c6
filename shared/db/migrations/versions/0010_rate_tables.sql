-- The rates of trunks, for calls whose carriers tell no price. A table replaces the one before from
-- `effective_from` on and is never changed, so a process reads all of them again only if the largest
-- id has grown. One without rates ends the pricing of its trunk.
CREATE TABLE rate_tables (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trunk_id bigint NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
    effective_from timestamptz NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$')
);
-- Serves rate_tables.in_force and the deletion of a trunk.
CREATE INDEX rate_tables_of_trunk ON rate_tables (trunk_id, effective_from, id);
CREATE TABLE rates (
    rate_table_id bigint NOT NULL REFERENCES rate_tables (id) ON DELETE CASCADE,
    per_minute numeric NOT NULL CHECK (per_minute >= 0),
    first_seconds integer NOT NULL CHECK (first_seconds > 0),
    increment_seconds integer NOT NULL CHECK (increment_seconds > 0),
    prefix text NOT NULL CHECK (prefix ~ '^[1-9][0-9]{0,14}$'),
    PRIMARY KEY (rate_table_id, prefix)
);
