-- What was read once need not be paid for twice. The key says everything that the words depend on
-- (common/caching.py); owners do not share, so nobody learns what another has.

CREATE TABLE result_cache (
    owner       text NOT NULL,
    key         text NOT NULL,                    -- SHA-256, in hexadecimal
    path        text NOT NULL,                    -- of the chunk's result
    checksum    text NOT NULL,
    pages       integer NOT NULL CHECK (pages > 0),
    document_id uuid NOT NULL,                    -- whose folder it lies in
    hits        integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX result_cache_by_document ON result_cache (document_id);
CREATE INDEX result_cache_by_age ON result_cache (expires_at);

-- Which chunk is reading a key just now, so that an equal one waits for it. It holds as long as
-- that chunk's own lease does.
CREATE TABLE cache_readers (
    owner    text NOT NULL,
    key      text NOT NULL,
    chunk_id uuid NOT NULL REFERENCES chunks ON DELETE CASCADE,
    PRIMARY KEY (owner, key)
);
CREATE INDEX cache_readers_by_chunk ON cache_readers (chunk_id);

-- Where results lie that the cache has let go, until they are removed: whatever made the cache
-- forget one, its object is not forgotten with it.
CREATE TABLE outdated_results (
    path        text PRIMARY KEY,
    document_id uuid NOT NULL,
    since       timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION let_result_go() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    INSERT INTO public.outdated_results (path, document_id) VALUES (OLD.path, OLD.document_id)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER forgotten_result_is_outdated AFTER DELETE ON result_cache
    FOR EACH ROW EXECUTE FUNCTION let_result_go();
CREATE TRIGGER replaced_result_is_outdated AFTER UPDATE OF path ON result_cache
    FOR EACH ROW WHEN (OLD.path <> NEW.path) EXECUTE FUNCTION let_result_go();

ALTER TABLE chunks
    ADD COLUMN cache_key text,                    -- null where nothing is to be cached
    ADD COLUMN is_cached boolean NOT NULL DEFAULT false,  -- its result was found, not read
    ADD CONSTRAINT only_results_are_cached CHECK (NOT is_cached OR status = 'completed');
CREATE INDEX chunks_wanting ON chunks (owner, cache_key)
    WHERE status = 'pending' AND cache_key IS NOT NULL;
-- Who uses another job's result. By bytes, so that a document's folder is one stretch of it.
CREATE INDEX chunks_cached ON chunks (result_storage_path COLLATE "C") WHERE is_cached;
ALTER TABLE jobs ADD CONSTRAINT cached_fit
    CHECK (cached_chunks BETWEEN 0 AND completed_chunks
           AND cached_pages BETWEEN 0 AND completed_pages);

ALTER TABLE result_cache ENABLE ROW LEVEL SECURITY;
ALTER TABLE cache_readers ENABLE ROW LEVEL SECURITY;
ALTER TABLE outdated_results ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON result_cache, cache_readers, outdated_results FROM PUBLIC, anon, authenticated;

-- A job that delivers nothing costs nothing, and so it leaves nothing in the cache: otherwise a
-- document that is cancelled at its last page would be read for nothing the next time. What others
-- have found there by then stays, and is paid for by whoever had it read. What an earlier run of it
-- has read is paid for: a retry that is cancelled takes nothing of that away.
CREATE OR REPLACE FUNCTION settle_credits() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    worth integer;
    used integer;
BEGIN
    IF NEW.status IN ('completed', 'completed_with_errors') THEN
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
