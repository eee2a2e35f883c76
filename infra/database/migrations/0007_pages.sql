-- What a reader sees of a document: its pages with their text, and which merge's rows count.

-- The merge whose pages and boxes are the document's; another's are on their way in or out.
ALTER TABLE documents
    ADD COLUMN result_job     uuid,
    ADD COLUMN result_attempt integer;

-- One row a page that was read, written by merges as bounding_boxes are.
CREATE TABLE pages (
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    job_id      uuid NOT NULL,
    attempt     integer NOT NULL,
    number      integer NOT NULL CHECK (number >= 1),
    width real NOT NULL, height real NOT NULL,
    unit        text NOT NULL,                   -- of width and height
    text_start  integer NOT NULL,                -- code points into the document's text
    text_end    integer NOT NULL,
    confidence  real NOT NULL,
    languages   text[] NOT NULL,
    text        text NOT NULL,                   -- as long as text_end - text_start
    folded      text NOT NULL COLLATE "C",       -- as it is searched: bytes are compared
    PRIMARY KEY (document_id, job_id, attempt, number)
);

-- A foreign key is looked up once a row, which was half the time of writing millions of them.
-- Whoever writes boxes holds the document's row instead, once a transaction, and who deletes it
-- takes them along.
ALTER TABLE bounding_boxes DROP CONSTRAINT bounding_boxes_document_id_fkey;
CREATE FUNCTION delete_boxes() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    DELETE FROM public.bounding_boxes WHERE document_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER deleted_document_takes_its_boxes AFTER DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION delete_boxes();

-- Reads and deletions name the merge.
ALTER TABLE bounding_boxes DROP CONSTRAINT bounding_boxes_pkey;
ALTER TABLE bounding_boxes ADD PRIMARY KEY (document_id, job_id, attempt, page, word);

ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
