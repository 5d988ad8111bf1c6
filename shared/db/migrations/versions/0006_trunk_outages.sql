-- Trunks whose providers take no calls. A dialer inserts the row and takes the probes, an answer
-- deletes it; schedulers and dialers read it with each campaign, so no attempt is claimed meanwhile.
CREATE TABLE trunk_outages (
    trunk_id bigint PRIMARY KEY REFERENCES trunks (id) ON DELETE CASCADE,
    since timestamptz NOT NULL,
    -- The dialer that moves this on has the probe; `probes` were taken so far.
    probe_at timestamptz NOT NULL,
    probes integer NOT NULL DEFAULT 0,
    -- The provider's last word, such as unreachable or status_503.
    cause text NOT NULL
);
