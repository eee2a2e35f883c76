-- How many worker instances were enough, look by look, and which number was asked for.

CREATE TABLE worker_scaling (
    pool             text NOT NULL,                 -- the worker pool's full name
    at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    waiting_pages    bigint NOT NULL,
    processing       integer NOT NULL,              -- chunks
    oldest_seconds   double precision NOT NULL,
    seconds_per_page double precision NOT NULL,
    enough           integer NOT NULL CHECK (enough >= 0),
    current          integer,                       -- asked for before; null: nobody knew
    wanted           integer NOT NULL CHECK (wanted >= 0),
    PRIMARY KEY (pool, at)
);

-- How long chunks take of late is read from the newest that were read.
CREATE INDEX chunks_newest_read ON chunks (finished_at) WHERE status = 'completed';

ALTER TABLE worker_scaling ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON worker_scaling FROM PUBLIC, anon, authenticated;
