-- Documents that are stored for a batch and have no job yet, and keys of requests that made none.

-- `held` until a batch has used it.
ALTER TABLE documents
    DROP CONSTRAINT documents_sent_by_check,
    ADD CONSTRAINT documents_sent_by_check CHECK (sent_by IN ('form', 'announced', 'held')),
    -- It was held for too long, and is being removed: no batch begins with it any more.
    ADD COLUMN abandoned_at timestamptz;
CREATE INDEX documents_held ON documents (created_at) WHERE sent_by = 'held';

ALTER TABLE idempotency_keys
    ALTER COLUMN job_id DROP NOT NULL,
    ADD COLUMN batch_id    uuid REFERENCES batches ON DELETE CASCADE,
    ADD COLUMN document_id uuid REFERENCES documents ON DELETE CASCADE,
    ADD CONSTRAINT made_one_thing CHECK (num_nonnulls(job_id, batch_id, document_id) = 1);
