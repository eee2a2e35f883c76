-- Documents, their jobs, the jobs' chunks, the audit trail and the words' boxes.
-- Every time is the database's own; no worker's clock is compared with another's.

CREATE TABLE documents (
    id          uuid PRIMARY KEY,
    owner       text NOT NULL CHECK (owner <> ''),
    matter      text,
    filename    text NOT NULL,
    bucket      text NOT NULL,
    object      text NOT NULL,
    generation  bigint,                     -- null until the upload has landed
    size        bigint CHECK (size >= 0),
    sha256      text,
    page_count  integer CHECK (page_count > 0),
    warnings    text[] NOT NULL DEFAULT '{}',
    status      text NOT NULL DEFAULT 'pending'
                CHECK (status IN ('pending', 'processing', 'ocr_complete', 'failed')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    -- One upload is one document, however often its event is delivered.
    UNIQUE (bucket, object, generation)
);
-- An object that the API promised has one document from the start.
CREATE UNIQUE INDEX documents_awaited ON documents (bucket, object) WHERE generation IS NULL;
CREATE INDEX documents_by_owner ON documents (owner, created_at DESC);

CREATE TABLE jobs (
    id               uuid PRIMARY KEY,
    document_id      uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    owner            text NOT NULL,
    run              integer NOT NULL DEFAULT 1,  -- which processing of the document this is
    status           text NOT NULL DEFAULT 'pending'
                     CHECK (status IN ('pending', 'processing', 'paused', 'completed',
                                       'completed_with_errors', 'failed', 'cancelled')),
    stage            text NOT NULL DEFAULT 'received'
                     CHECK (stage IN ('received', 'splitting', 'ocr', 'merging', 'text', 'passages',
                                      'embedding', 'tree', 'vectors')),
    options          jsonb NOT NULL DEFAULT '{}',
    total_chunks     integer NOT NULL DEFAULT 0,
    completed_chunks integer NOT NULL DEFAULT 0,
    failed_chunks    integer NOT NULL DEFAULT 0,
    total_pages      integer NOT NULL DEFAULT 0,
    completed_pages  integer NOT NULL DEFAULT 0,
    failed_pages     integer NOT NULL DEFAULT 0,
    attempt          integer NOT NULL DEFAULT 0,  -- fencing token of the split and of the merge
    stalls           integer NOT NULL DEFAULT 0,  -- claims since the last progress of its stage
    lease_expires_at timestamptz,
    dispatches       integer NOT NULL DEFAULT 0,  -- messages sent for the job itself
    dispatched_at    timestamptz,
    last_event       integer NOT NULL DEFAULT 0,
    heartbeat_at     timestamptz NOT NULL DEFAULT now(),  -- the last progress of any kind
    error_code       text,
    error_message    text,
    result_path      text,
    result_checksum  text,
    text_path        text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    finished_at      timestamptz,
    UNIQUE (document_id, run),
    CONSTRAINT counts_fit CHECK (completed_chunks + failed_chunks <= total_chunks
                                 AND completed_pages + failed_pages <= total_pages),
    CONSTRAINT final_is_finished CHECK (
        (finished_at IS NOT NULL)
        = (status IN ('completed', 'completed_with_errors', 'failed', 'cancelled'))),
    CONSTRAINT failed_says_why CHECK (status <> 'failed' OR error_code IS NOT NULL)
);
CREATE INDEX jobs_by_owner ON jobs (owner, created_at DESC);
CREATE INDEX jobs_unfinished ON jobs (stage) WHERE finished_at IS NULL;

-- Needed only until the document is cut, and deleted by the transaction that ends the split.
CREATE TABLE job_passwords (
    job_id   uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    password text NOT NULL
);

CREATE TABLE chunks (
    id                  uuid PRIMARY KEY,
    job_id              uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    index               integer NOT NULL CHECK (index >= 0),
    page_start          integer NOT NULL CHECK (page_start >= 1),
    page_end            integer NOT NULL,
    status              text NOT NULL DEFAULT 'pending'
                        CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    source_bucket       text,                    -- null until the chunk has been cut
    source_object       text,
    source_generation   bigint,
    attempt             integer NOT NULL DEFAULT 0,   -- the fencing token
    failures            integer NOT NULL DEFAULT 0,   -- tries ended by a transient error
    lost_leases         integer NOT NULL DEFAULT 0,   -- tries whose worker fell silent
    reopened            integer NOT NULL DEFAULT 0,   -- times its stored result was damaged
    lease_expires_at    timestamptz,
    due_at              timestamptz,             -- not to be looked at before
    dispatches          integer NOT NULL DEFAULT 0,
    dispatched_at       timestamptz,
    started_at          timestamptz,
    finished_at         timestamptz,
    result_storage_path text,
    result_checksum     text,
    failed_pages        integer NOT NULL DEFAULT 0,
    page_errors         jsonb NOT NULL DEFAULT '[]',  -- of a completed chunk: number, code, message
    error_code          text,
    error_message       text,
    UNIQUE (job_id, index),
    CHECK (page_end >= page_start),
    CONSTRAINT only_work_is_leased CHECK ((status = 'processing') = (lease_expires_at IS NOT NULL)),
    CONSTRAINT completed_has_a_result CHECK (
        status <> 'completed' OR (result_storage_path IS NOT NULL AND result_checksum IS NOT NULL)),
    CONSTRAINT failed_has_a_reason CHECK (status <> 'failed' OR error_code IS NOT NULL)
);
CREATE INDEX chunks_unfinished ON chunks (job_id) WHERE status IN ('pending', 'processing');

-- The audit trail, the replay of the event stream and the source of metrics. Ids run from 1
-- within a job without a gap: they are taken under the job's row lock.
CREATE TABLE job_events (
    job_id  uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    id      integer NOT NULL,
    kind    text NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    details jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (job_id, id)
);

-- One row a word of the document's newest result; boxes in fractions of the page. A merge writes
-- its rows under its own attempt, in many short transactions; the one that ends the job removes
-- the others'.
CREATE TABLE bounding_boxes (
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    job_id      uuid NOT NULL,
    attempt     integer NOT NULL,
    page        integer NOT NULL,
    word        integer NOT NULL,                -- its place on the page, from 0
    text        text NOT NULL,
    text_start  integer NOT NULL,                -- code points into the document's text
    text_end    integer NOT NULL,
    x0 real NOT NULL, y0 real NOT NULL, x1 real NOT NULL, y1 real NOT NULL,
    confidence  real NOT NULL,
    PRIMARY KEY (document_id, page, word, job_id, attempt)
);

-- Supabase's REST interface answers for every table of this schema: without policies nobody but
-- the service itself sees a row.
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_passwords ENABLE ROW LEVEL SECURITY;
ALTER TABLE chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE bounding_boxes ENABLE ROW LEVEL SECURITY;
