-- Who is to store a document's file: the API, that has it from a form, or whoever announced it.
-- Null where it came straight to the bucket.
ALTER TABLE documents ADD COLUMN sent_by text CHECK (sent_by IN ('form', 'announced'));
