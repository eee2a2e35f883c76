-- What operators look for and give.

-- Every tenant's jobs, the newest first.
CREATE INDEX jobs_newest_of_all ON jobs (created_at DESC, id DESC);

-- Who gave credits, and by which key of theirs: a grant that is sent twice is given once.
CREATE TABLE credit_grants (
    entry_id   bigint PRIMARY KEY REFERENCES credit_ledger,
    granted_by text NOT NULL,
    key        text,
    UNIQUE (granted_by, key)
);

ALTER TABLE credit_grants ENABLE ROW LEVEL SECURITY;
