-- What the processes of an installation must know alike, and nobody else: made here, once.
CREATE TABLE secrets (
    name text PRIMARY KEY,
    value bytea NOT NULL CHECK (octet_length(value) = 32)
);
-- The key of the cursors of lists.
INSERT INTO secrets (name, value)
VALUES ('cursors', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
GRANT SELECT ON secrets TO outdial_api;
