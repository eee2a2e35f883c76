-- What is made of a document after it has been read: stage by stage, each from checkpoint to
-- checkpoint, and rows for whoever searches.

CREATE EXTENSION IF NOT EXISTS vector;          -- 0.7 or later, for halfvec

ALTER TABLE jobs DROP CONSTRAINT jobs_stage_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_stage_check
    CHECK (stage IN ('received', 'splitting', 'ocr', 'merging', 'text', 'sentences', 'passages',
                     'entities', 'embedding', 'tree', 'vectors'));

-- What the merge has ended it as, where stages follow: what was read is delivered, whatever becomes
-- of them.
ALTER TABLE jobs ADD COLUMN outcome text CHECK (outcome IN ('completed', 'completed_with_errors'));

-- Whose rows are searched: those of the job that ended last with passages. Another's are on their
-- way in or out.
ALTER TABLE documents ADD COLUMN search_job uuid;

-- One row for each stage that a job is to go through, made when it is merged or extended.
CREATE TABLE job_stages (
    job_id        uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    stage         text NOT NULL
                  CHECK (stage IN ('text', 'sentences', 'passages', 'entities', 'embedding',
                                   'tree', 'vectors')),
    place         smallint NOT NULL,               -- in the order in which they are gone through
    version       text NOT NULL,                   -- of what makes it: code and model
    status        text NOT NULL DEFAULT 'pending'
                  CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'skipped')),
    cursor        jsonb,                           -- where the next checkpoint goes on; null: begin
    done          integer NOT NULL DEFAULT 0,      -- of `total`, in the stage's own unit
    total         integer,
    checkpoints   integer NOT NULL DEFAULT 0,
    attempts      integer NOT NULL DEFAULT 0,      -- claims
    in_work       integer NOT NULL DEFAULT 0,      -- at most so much lies behind the checkpoint
    repeated      integer NOT NULL DEFAULT 0,      -- at most so much was done a second time
    failures      integer NOT NULL DEFAULT 0,      -- transient ones since the last checkpoint
    due_at        timestamptz,                     -- not to be looked at before
    resent        integer NOT NULL DEFAULT 0,      -- how often, since the last claim
    seconds       double precision NOT NULL DEFAULT 0,  -- from claims to checkpoints
    started_at    timestamptz,
    finished_at   timestamptz,
    error_code    text,
    error_message text,
    PRIMARY KEY (job_id, stage),
    CONSTRAINT ended_is_finished CHECK (
        (finished_at IS NOT NULL) = (status IN ('completed', 'failed', 'skipped'))),
    CONSTRAINT stage_failed_says_why CHECK (status <> 'failed' OR error_code IS NOT NULL)
);

-- The text of a page as a reader wants it: no running headers, words whole, paragraphs in one
-- piece. Offsets are code points into `text`.
CREATE TABLE page_texts (
    job_id      uuid NOT NULL,
    document_id uuid NOT NULL,
    page        integer NOT NULL,
    text        text NOT NULL,
    join_next   text NOT NULL,                     -- between this page's text and the next one's
    language    text NOT NULL,                     -- BCP-47; 'und' where nobody knows
    header      text NOT NULL,
    footer      text NOT NULL,
    layout      bytea NOT NULL,                    -- common.texts.Layout as MessagePack
    PRIMARY KEY (job_id, page)
);

CREATE TABLE sentences (
    job_id      uuid NOT NULL,
    document_id uuid NOT NULL,
    position    integer NOT NULL,                  -- in the document, from 0
    text        text NOT NULL,
    language    text NOT NULL,
    page_start  integer NOT NULL,
    start       integer NOT NULL,                  -- into page_start's text
    page_end    integer NOT NULL,
    "end"       integer NOT NULL,                  -- into page_end's text
    paragraph   integer NOT NULL,                  -- in the document, from 0
    boxes       jsonb NOT NULL,                    -- [[page, x0, y0, x1, y1], ...], one a line
    normalized  text,                              -- where a model was asked to
    level       integer NOT NULL DEFAULT 0,        -- of a heading, from 1
    PRIMARY KEY (job_id, position)
);

CREATE TABLE passages (
    job_id         uuid NOT NULL,
    document_id    uuid NOT NULL,
    position       integer NOT NULL,               -- in the document, from 0
    text           text NOT NULL,
    language       text NOT NULL,
    configuration  regconfig NOT NULL,             -- full text's name for the language
    tokens         integer NOT NULL,
    page_start     integer NOT NULL,
    page_end       integer NOT NULL,
    first_sentence integer NOT NULL,
    last_sentence  integer NOT NULL,
    boxes          jsonb NOT NULL,                 -- as a sentence's
    words          tsvector GENERATED ALWAYS AS (to_tsvector(configuration, text)) STORED,
    PRIMARY KEY (job_id, position)
);
CREATE INDEX passages_by_words ON passages USING gin (words);

CREATE TABLE entities (
    job_id      uuid NOT NULL,
    document_id uuid NOT NULL,
    passage     integer NOT NULL,
    place       integer NOT NULL,                  -- in the passage, from 0
    kind        text NOT NULL
                CHECK (kind IN ('person', 'organisation', 'place', 'date', 'amount')),
    text        text NOT NULL,
    start       integer NOT NULL,                  -- code points into the passage's text
    "end"       integer NOT NULL,
    page        integer NOT NULL,
    value       text,                              -- a date in ISO 8601; an amount as number unit
    confidence  real NOT NULL,
    PRIMARY KEY (job_id, passage, place)
);

-- What the embedding made; searched are the vectors, which have an index.
CREATE TABLE passage_embeddings (
    job_id      uuid NOT NULL,
    document_id uuid NOT NULL,
    position    integer NOT NULL,
    embedding   halfvec(256) NOT NULL,
    PRIMARY KEY (job_id, position)
);

CREATE TABLE tree_nodes (
    job_id        uuid NOT NULL,
    document_id   uuid NOT NULL,
    position      integer NOT NULL,                -- in the order of reading, 0 the document
    parent        integer,
    depth         integer NOT NULL,
    title         text NOT NULL,
    page_start    integer NOT NULL,
    page_end      integer NOT NULL,
    first_passage integer NOT NULL,                -- its passages, those of its sections included
    last_passage  integer NOT NULL,
    summary       text NOT NULL,
    centroid      halfvec(256),                    -- null without embeddings
    PRIMARY KEY (job_id, position)
);

CREATE TABLE passage_vectors (
    job_id      uuid NOT NULL,
    document_id uuid NOT NULL,
    position    integer NOT NULL,
    embedding   halfvec(256) NOT NULL,
    PRIMARY KEY (job_id, position)
);
-- Half of the default's cost a row; a search that looks twice as far finds as much (decision 27).
CREATE INDEX passage_vectors_by_closeness ON passage_vectors
    USING hnsw (embedding halfvec_cosine_ops) WITH (m = 12, ef_construction = 48);

-- By document, for those that go and those that are searched.
CREATE INDEX passages_by_document ON passages (document_id);

-- A foreign key each would be looked up once a row. Who writes rows holds the job's row instead, and
-- who deletes it takes them along.
CREATE FUNCTION delete_stage_rows(of_job uuid, stages text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF 'text' = ANY(stages) THEN
        DELETE FROM public.page_texts WHERE job_id = of_job;
    END IF;
    IF 'sentences' = ANY(stages) THEN
        DELETE FROM public.sentences WHERE job_id = of_job;
    END IF;
    IF 'passages' = ANY(stages) THEN
        DELETE FROM public.passages WHERE job_id = of_job;
    END IF;
    IF 'entities' = ANY(stages) THEN
        DELETE FROM public.entities WHERE job_id = of_job;
    END IF;
    IF 'embedding' = ANY(stages) THEN
        DELETE FROM public.passage_embeddings WHERE job_id = of_job;
    END IF;
    IF 'tree' = ANY(stages) THEN
        DELETE FROM public.tree_nodes WHERE job_id = of_job;
    END IF;
    IF 'vectors' = ANY(stages) THEN
        DELETE FROM public.passage_vectors WHERE job_id = of_job;
    END IF;
END $$;
REVOKE ALL ON FUNCTION delete_stage_rows(uuid, text[]) FROM PUBLIC, anon, authenticated;

CREATE FUNCTION delete_stage_rows_of_deleted() RETURNS trigger
    LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    PERFORM public.delete_stage_rows(
        OLD.id, '{text,sentences,passages,entities,embedding,tree,vectors}');
    RETURN OLD;
END $$;
CREATE TRIGGER deleted_job_takes_its_rows AFTER DELETE ON jobs
    FOR EACH ROW EXECUTE FUNCTION delete_stage_rows_of_deleted();

-- A cancelled job keeps what its finished stages made, and nothing of the others.
CREATE FUNCTION delete_unfinished_stage_rows() RETURNS trigger
    LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    PERFORM public.delete_stage_rows(
        NEW.id, (SELECT array_agg(stage) FROM public.job_stages
                  WHERE job_id = NEW.id AND status <> 'completed'));
    RETURN NEW;
END $$;
CREATE TRIGGER cancelled_job_leaves_nothing_half AFTER UPDATE OF status ON jobs
    FOR EACH ROW
    WHEN (NEW.status = 'cancelled' AND OLD.status <> 'cancelled'
          AND OLD.stage NOT IN ('received', 'splitting', 'ocr', 'merging'))
    EXECUTE FUNCTION delete_unfinished_stage_rows();

-- As before (0014), and a job that is cancelled behind its merge has used what it has read.
CREATE OR REPLACE FUNCTION settle_credits() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    worth integer;
    used integer;
BEGIN
    IF NEW.status IN ('completed', 'completed_with_errors') OR NEW.outcome IS NOT NULL THEN
        -- What is found in the cache has been paid for when it was read.
        worth := NEW.completed_pages - NEW.cached_pages;
    ELSE
        WITH left_behind AS (
            SELECT result_cache.owner, result_cache.key, pages, hits
              FROM public.chunks JOIN public.result_cache
                ON result_cache.owner = NEW.owner AND key = cache_key
                   AND path = result_storage_path
             WHERE job_id = NEW.id AND NOT is_cached
               AND finished_at > coalesce(
                       (SELECT max(at) FROM public.job_events
                         WHERE job_id = NEW.id AND kind = 'job_retried'), '-infinity')
             -- One that is just being found is not waited for.
             ORDER BY key FOR UPDATE OF result_cache SKIP LOCKED
        ), forgotten AS (
            DELETE FROM public.result_cache USING left_behind
             WHERE result_cache.owner = left_behind.owner
               AND result_cache.key = left_behind.key AND left_behind.hits = 0
        )
        SELECT OLD.credits_settled + coalesce(sum(pages) FILTER (WHERE hits > 0), 0)
          INTO worth FROM left_behind;
    END IF;
    used := least(OLD.credits_reserved, greatest(0, worth - OLD.credits_settled));
    IF used > 0 THEN
        INSERT INTO public.credit_ledger
               (owner, kind, available_change, reserved_change, job_id, round)
        VALUES (NEW.owner, 'settled', 0, -used, NEW.id, NEW.retries);
    END IF;
    IF used < OLD.credits_reserved THEN
        INSERT INTO public.credit_ledger
               (owner, kind, available_change, reserved_change, job_id, round)
        VALUES (NEW.owner, 'refunded', OLD.credits_reserved - used,
                used - OLD.credits_reserved, NEW.id, NEW.retries);
    END IF;
    UPDATE public.credit_accounts
       SET available = available + OLD.credits_reserved - used,
           reserved = reserved - OLD.credits_reserved
     WHERE owner = NEW.owner;
    NEW.credits_reserved := 0;
    NEW.credits_settled := OLD.credits_settled + used;
    RETURN NEW;
END $$;

ALTER TABLE job_stages ENABLE ROW LEVEL SECURITY;
ALTER TABLE page_texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sentences ENABLE ROW LEVEL SECURITY;
ALTER TABLE passages ENABLE ROW LEVEL SECURITY;
ALTER TABLE entities ENABLE ROW LEVEL SECURITY;
ALTER TABLE passage_embeddings ENABLE ROW LEVEL SECURITY;
ALTER TABLE tree_nodes ENABLE ROW LEVEL SECURITY;
ALTER TABLE passage_vectors ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON job_stages, page_texts, sentences, passages, entities, passage_embeddings, tree_nodes,
              passage_vectors
         FROM PUBLIC, anon, authenticated;
GRANT SELECT ON job_stages, page_texts, sentences, passages, entities, tree_nodes TO authenticated;
CREATE POLICY owners_read ON job_stages FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));
CREATE POLICY owners_read ON page_texts FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));
CREATE POLICY owners_read ON sentences FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));
CREATE POLICY owners_read ON passages FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));
CREATE POLICY owners_read ON entities FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));
CREATE POLICY owners_read ON tree_nodes FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));
