-- A page's words stand in its own row, a list a property. As a row a word they were most of what a
-- merge wrote: 400 rows a page, each with the merge's three numbers and a place in an index.

-- In the order in which others lock them, and at once: what is done here is short.
LOCK TABLE documents, pages, bounding_boxes IN ACCESS EXCLUSIVE MODE;

ALTER TABLE pages
    ADD COLUMN words            text[],          -- in their order; all null where none are wanted
    ADD COLUMN word_starts      integer[],       -- code points into the document's text
    ADD COLUMN word_ends        integer[],
    ADD COLUMN word_x0 real[], ADD COLUMN word_y0 real[],  -- fractions of the page
    ADD COLUMN word_x1 real[], ADD COLUMN word_y1 real[],
    ADD COLUMN word_confidences real[];

-- What the version before wrote stays as it is, and as long as its page does. It goes on writing
-- here while it runs beside this one.
ALTER TABLE bounding_boxes RENAME TO older_words;
DROP TRIGGER deleted_document_takes_its_boxes ON documents;
DROP FUNCTION delete_boxes();
CREATE FUNCTION delete_older_words() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    DELETE FROM public.older_words
     WHERE document_id = OLD.document_id AND job_id = OLD.job_id AND attempt = OLD.attempt
       AND page = OLD.number;
    RETURN OLD;
END $$;
CREATE TRIGGER deleted_page_takes_its_words AFTER DELETE ON pages
    FOR EACH ROW WHEN (OLD.words IS NULL) EXECUTE FUNCTION delete_older_words();

-- One row a word, of either kind, by the reader's own rights. The version before asks for the place
-- of a row in its table.
CREATE VIEW bounding_boxes WITH (security_invoker = true) AS
SELECT document_id, job_id, attempt, number AS page, (place - 1)::integer AS word, box.text,
       box.text_start, box.text_end, x0, y0, x1, y1, box.confidence, NULL::tid AS ctid
  FROM pages
       CROSS JOIN LATERAL unnest(words, word_starts, word_ends, word_x0, word_y0, word_x1, word_y1,
                                 word_confidences)
       WITH ORDINALITY AS box (text, text_start, text_end, x0, y0, x1, y1, confidence, place)
 UNION ALL
SELECT document_id, job_id, attempt, page, word, text, text_start, text_end, x0, y0, x1, y1,
       confidence, ctid
  FROM older_words;

REVOKE ALL ON bounding_boxes FROM PUBLIC, anon, authenticated;
GRANT SELECT ON bounding_boxes TO authenticated;

-- For the version before: its rows go where they went, and are removed there.
CREATE FUNCTION write_older_words() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.older_words (document_id, job_id, attempt, page, word, text, text_start,
                                        text_end, x0, y0, x1, y1, confidence)
        VALUES (NEW.document_id, NEW.job_id, NEW.attempt, NEW.page, NEW.word, NEW.text,
                NEW.text_start, NEW.text_end, NEW.x0, NEW.y0, NEW.x1, NEW.y1, NEW.confidence);
        RETURN NEW;
    END IF;
    DELETE FROM public.older_words
     WHERE document_id = OLD.document_id AND job_id = OLD.job_id AND attempt = OLD.attempt
       AND page = OLD.page AND word = OLD.word;
    IF FOUND THEN
        RETURN OLD;
    END IF;
    RETURN NULL;  -- A word that stands in its page's row goes with that.
END $$;
CREATE TRIGGER older_words_are_written INSTEAD OF INSERT OR DELETE ON bounding_boxes
    FOR EACH ROW EXECUTE FUNCTION write_older_words();
