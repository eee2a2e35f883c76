-- A page's words stand in its own row, a list a property. As a row a word they were most of what a
-- merge wrote: 400 rows a page, each with the merge's three numbers and a place in an index.
ALTER TABLE pages
    ADD COLUMN words            text[],          -- in their order; all null where none are wanted
    ADD COLUMN word_starts      integer[],       -- code points into the document's text
    ADD COLUMN word_ends        integer[],
    ADD COLUMN word_x0 real[], ADD COLUMN word_y0 real[],  -- fractions of the page
    ADD COLUMN word_x1 real[], ADD COLUMN word_y1 real[],
    ADD COLUMN word_confidences real[];

UPDATE pages
   SET words = texts, word_starts = starts, word_ends = ends,
       word_x0 = x0s, word_y0 = y0s, word_x1 = x1s, word_y1 = y1s, word_confidences = confidences
  FROM (SELECT document_id, job_id, attempt, page,
               array_agg(text ORDER BY word) AS texts,
               array_agg(text_start ORDER BY word) AS starts,
               array_agg(text_end ORDER BY word) AS ends,
               array_agg(x0 ORDER BY word) AS x0s, array_agg(y0 ORDER BY word) AS y0s,
               array_agg(x1 ORDER BY word) AS x1s, array_agg(y1 ORDER BY word) AS y1s,
               array_agg(bounding_boxes.confidence ORDER BY word) AS confidences
          FROM bounding_boxes
         GROUP BY document_id, job_id, attempt, page) AS box
 WHERE pages.document_id = box.document_id AND pages.job_id = box.job_id
   AND pages.attempt = box.attempt AND pages.number = box.page;

DROP TRIGGER deleted_document_takes_its_boxes ON documents;
DROP FUNCTION delete_boxes();
DROP TABLE bounding_boxes;

-- What was a table, for whoever reads it: one row a word. By the reader's own rights.
CREATE VIEW bounding_boxes WITH (security_invoker = true) AS
SELECT document_id, job_id, attempt, number AS page, (place - 1)::integer AS word, box.text,
       box.text_start, box.text_end, x0, y0, x1, y1, box.confidence
  FROM pages
       CROSS JOIN LATERAL unnest(words, word_starts, word_ends, word_x0, word_y0, word_x1, word_y1,
                                 word_confidences)
       WITH ORDINALITY AS box (text, text_start, text_end, x0, y0, x1, y1, confidence, place);

REVOKE ALL ON bounding_boxes FROM PUBLIC, anon, authenticated;
GRANT SELECT ON bounding_boxes TO authenticated;
