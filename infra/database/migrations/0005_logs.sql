-- What every process logged about a job, for its owner to read.

CREATE TABLE job_logs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id      uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    at          timestamptz NOT NULL,             -- by the clock of the process that said it
    level       text NOT NULL CHECK (level IN ('INFO', 'WARNING', 'ERROR', 'CRITICAL')),
    logger      text NOT NULL,
    message     text NOT NULL,
    chunk_index integer,
    attempt     integer,
    fields      jsonb NOT NULL DEFAULT '{}',
    -- Ids are drawn before they are committed: a reader that pages by id waits for those that
    -- were drawn earlier, or it would pass them by.
    written_by  xid8 NOT NULL
);
CREATE INDEX job_logs_by_job ON job_logs (job_id, id);

ALTER TABLE job_logs ENABLE ROW LEVEL SECURITY;
