-- What looking at batches asks for.

-- A pace is not measured over the time that a batch stood still.
ALTER TABLE batches ADD COLUMN resumed_at timestamptz;

-- A batch's recoveries.
CREATE INDEX batches_by_origin ON batches (origin_id) WHERE origin_id IS NOT NULL;

-- What an owner's batches have under work, and what waits.
CREATE INDEX jobs_unfinished_in_batches ON jobs (owner, status)
    WHERE batch_id IS NOT NULL AND finished_at IS NULL;
