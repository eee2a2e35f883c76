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
