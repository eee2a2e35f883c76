-- Batches: many documents sent at once. Their counts are their jobs' own; what is kept here is how
-- many have not ended, so that exactly one of them is the last.

CREATE TABLE batches (
    id          uuid PRIMARY KEY,
    owner       text NOT NULL CHECK (owner <> ''),
    matter      text,
    name        text NOT NULL DEFAULT '',
    -- ocr: reads documents. warm: reads them into the cache alone. recovery: has read again what
    -- failed in another batch.
    purpose     text NOT NULL DEFAULT 'ocr' CHECK (purpose IN ('ocr', 'warm', 'recovery')),
    status      text NOT NULL DEFAULT 'pending'
                CHECK (status IN ('pending', 'processing', 'paused', 'completed',
                                  'completed_with_errors', 'failed', 'cancelled')),
    priority    text NOT NULL DEFAULT 'normal' CHECK (priority IN ('high', 'normal', 'low')),
    options     jsonb NOT NULL DEFAULT '{}',      -- what its documents were given by default
    webhook_url text,
    origin_id   uuid REFERENCES batches ON DELETE SET NULL,  -- which batch it recovers or warms
    strategy    text CHECK (strategy IN ('selective', 'all')),
    skipped     jsonb NOT NULL DEFAULT '[]',      -- what a recovery leaves alone, each with its code
    total       integer NOT NULL CHECK (total > 0),
    unfinished  integer NOT NULL,
    last_event  integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz,
    CONSTRAINT unfinished_fit CHECK (unfinished BETWEEN 0 AND total),
    CONSTRAINT finished_has_none_left CHECK ((finished_at IS NOT NULL) = (unfinished = 0)),
    CONSTRAINT recovery_has_a_strategy CHECK ((purpose = 'recovery') = (strategy IS NOT NULL))
);
CREATE INDEX batches_newest ON batches (owner, created_at DESC, id DESC);
CREATE INDEX batches_active ON batches (owner) WHERE finished_at IS NULL;

-- Which jobs a batch has. One that is recovered belongs to its recovery's batch, too.
CREATE TABLE batch_jobs (
    batch_id uuid NOT NULL REFERENCES batches ON DELETE CASCADE,
    position integer NOT NULL CHECK (position >= 1),   -- of its line in the manifest
    job_id   uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    PRIMARY KEY (batch_id, position),
    UNIQUE (job_id, batch_id)
);

-- Gapless within a batch: taken under its row's lock.
CREATE TABLE batch_events (
    batch_id uuid NOT NULL REFERENCES batches ON DELETE CASCADE,
    id       integer NOT NULL,
    kind     text NOT NULL,
    job_id   uuid,                                -- no reference: it outlives the job
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    details  jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (batch_id, id)
);

ALTER TABLE jobs
    ADD COLUMN batch_id       uuid REFERENCES batches ON DELETE SET NULL,  -- which drives it now
    ADD COLUMN batch_position integer,
    ADD COLUMN cached_chunks  integer NOT NULL DEFAULT 0,  -- of the completed: found in the cache
    ADD COLUMN cached_pages   integer NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_batch ON jobs (batch_id) WHERE batch_id IS NOT NULL;

-- Called by the transaction that ended a batch's last job, under the batch's row lock: whoever
-- ended another before has committed, so every job is counted as it is.
CREATE FUNCTION end_batch(ended uuid) RETURNS void LANGUAGE plpgsql
SET search_path = '' SET timezone = 'UTC' AS $$
DECLARE
    counts record;
    ends_as text;
BEGIN
    SELECT count(*)::int AS total,
           count(*) FILTER (WHERE jobs.status = 'completed')::int AS completed,
           count(*) FILTER (WHERE jobs.status = 'completed_with_errors')::int AS with_errors,
           count(*) FILTER (WHERE jobs.status = 'failed')::int AS failed,
           count(*) FILTER (WHERE jobs.status = 'cancelled')::int AS cancelled,
           coalesce(sum(total_pages), 0)::int AS total_pages,
           coalesce(sum(completed_pages), 0)::int AS completed_pages,
           coalesce(sum(failed_pages), 0)::int AS failed_pages,
           coalesce(sum(cached_pages), 0)::int AS cached_pages
      INTO counts
      FROM public.batch_jobs JOIN public.jobs ON jobs.id = job_id
     WHERE batch_jobs.batch_id = ended;
    ends_as := CASE
        WHEN counts.cancelled = counts.total THEN 'cancelled'
        WHEN counts.completed = counts.total THEN 'completed'
        WHEN counts.failed + counts.cancelled = counts.total THEN 'failed'
        ELSE 'completed_with_errors' END;
    UPDATE public.batches
       SET -- One that was cancelled stays it, whatever had been read by then.
           status = CASE WHEN status = 'cancelled' THEN status ELSE ends_as END,
           finished_at = now(), last_event = last_event + 1
     WHERE id = ended;
    INSERT INTO public.batch_events (batch_id, id, kind, details)
    SELECT id, last_event, 'batch_' || status, to_jsonb(counts)
      FROM public.batches WHERE id = ended;
    INSERT INTO public.webhook_deliveries (batch_id, owner, event, url, payload)
    SELECT id, owner, 'batch.' || status, webhook_url,
           json_build_object(
               'type', 'batch.' || status,
               'timestamp', finished_at,
               'data', json_build_object('batch', json_build_object(
                   'batch_id', id,
                   'name', name,
                   'matter', matter,
                   'purpose', purpose,
                   'status', status,
                   'total', counts.total,
                   'completed', counts.completed,
                   'completed_with_errors', counts.with_errors,
                   'failed', counts.failed,
                   'cancelled', counts.cancelled,
                   'total_pages', counts.total_pages,
                   'completed_pages', counts.completed_pages,
                   'failed_pages', counts.failed_pages,
                   'cached_pages', counts.cached_pages,
                   'created_at', created_at,
                   'started_at', started_at,
                   'finished_at', finished_at)))
      FROM public.batches WHERE id = ended AND webhook_url IS NOT NULL;
END $$;

-- Whatever begins jobs, ends them, or has them go on after their end, tells their batches in the same
-- transaction: once a statement, however many jobs it changes. The batches' rows are locked after the
-- jobs', always, and in the order of their ids.
CREATE FUNCTION tell_batches() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    begun uuid[];   -- jobs that this statement has begun
    turned uuid[];  -- and those that it has ended, or has go on
    ended uuid;
BEGIN
    -- Grouped, not joined: a plan that was made for one row would join ten thousand with as many.
    SELECT array_agg(id) FILTER (WHERE was_pending AND is_processing),
           array_agg(id) FILTER (WHERE was_over <> is_over)
      INTO begun, turned
      FROM (SELECT id,
                   bool_or(status = 'pending') FILTER (WHERE NOT is_new) AS was_pending,
                   bool_or(status = 'processing') FILTER (WHERE is_new) AS is_processing,
                   bool_or(finished_at IS NOT NULL) FILTER (WHERE NOT is_new) AS was_over,
                   bool_or(finished_at IS NOT NULL) FILTER (WHERE is_new) AS is_over
              FROM (SELECT id, status, finished_at, batch_id, false AS is_new FROM earlier_jobs
                     UNION ALL
                    SELECT id, status, finished_at, batch_id, true FROM changed_jobs) AS versions
             GROUP BY id
            HAVING bool_or(batch_id IS NOT NULL) FILTER (WHERE is_new)) AS compared;

    IF begun IS NOT NULL THEN
        PERFORM FROM public.batches
          WHERE started_at IS NULL
            AND id IN (SELECT batch_id FROM public.batch_jobs WHERE job_id = ANY(begun))
          ORDER BY id FOR NO KEY UPDATE;
        -- One that was paused just then has begun, too.
        UPDATE public.batches
           SET started_at = now(),
               status = CASE WHEN status = 'pending' THEN 'processing' ELSE status END
         WHERE started_at IS NULL
           AND id IN (SELECT batch_id FROM public.batch_jobs WHERE job_id = ANY(begun));
        -- A claim that looked at the batch before it was paused, and comes behind the pause: this
        -- statement sees what the claim did not. Whoever has claimed the job finds it paused.
        WITH paused AS (
            UPDATE public.jobs
               SET status = 'paused', reading_since = NULL, last_event = last_event + 1
             WHERE id = ANY(begun) AND status = 'processing'
               AND batch_id IN (SELECT id FROM public.batches WHERE status = 'paused')
            RETURNING id, last_event
        )
        INSERT INTO public.job_events (job_id, id, kind)
        SELECT id, last_event, 'job_paused' FROM paused;
    END IF;

    IF turned IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM public.batches
      WHERE id IN (SELECT batch_id FROM public.batch_jobs WHERE job_id = ANY(turned))
      ORDER BY id FOR NO KEY UPDATE;
    FOR ended IN
        WITH turned_jobs AS (
            SELECT batch_jobs.batch_id, jobs.id, document_id, status, completed_pages,
                   failed_pages, cached_pages, error_code, finished_at IS NOT NULL AS has_ended,
                   row_number() OVER (PARTITION BY batch_jobs.batch_id ORDER BY position) AS place
              FROM public.jobs JOIN public.batch_jobs ON job_id = jobs.id
             WHERE jobs.id = ANY(turned)
        ), event AS (
            INSERT INTO public.batch_events (batch_id, id, kind, job_id, details)
            SELECT batches.id, last_event + place,
                   'document_' || CASE WHEN has_ended THEN turned_jobs.status ELSE 'retried' END,
                   turned_jobs.id,
                   jsonb_strip_nulls(jsonb_build_object(
                       'document_id', document_id, 'pages', completed_pages,
                       'failed_pages', failed_pages, 'cached_pages', cached_pages,
                       'code', error_code))
              FROM turned_jobs JOIN public.batches ON batches.id = turned_jobs.batch_id
        ), counted AS (
            SELECT batch_id, count(*) AS events,
                   sum(CASE WHEN has_ended THEN -1 ELSE 1 END) AS change
              FROM turned_jobs GROUP BY batch_id
        )
        UPDATE public.batches
           SET unfinished = unfinished + change, last_event = last_event + events,
               -- The last one's end is written below, with what it comes to.
               finished_at = CASE WHEN unfinished + change = 0 THEN now() END,
               status = CASE WHEN finished_at IS NOT NULL AND unfinished + change > 0
                             THEN 'processing' ELSE status END
          FROM counted WHERE batches.id = counted.batch_id
        RETURNING CASE WHEN unfinished = 0 THEN batches.id END
    LOOP
        IF ended IS NOT NULL THEN
            PERFORM public.end_batch(ended);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER changed_jobs_tell_their_batches AFTER UPDATE ON jobs
    REFERENCING OLD TABLE AS earlier_jobs NEW TABLE AS changed_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION tell_batches();

-- A batch's end is told like a job's.
ALTER TABLE webhook_deliveries
    ALTER COLUMN job_id DROP NOT NULL,
    ADD COLUMN batch_id uuid REFERENCES batches ON DELETE CASCADE,
    ADD CONSTRAINT of_a_job_or_a_batch CHECK ((job_id IS NULL) <> (batch_id IS NULL)),
    DROP CONSTRAINT webhook_deliveries_event_check,
    ADD CONSTRAINT webhook_deliveries_event_check
        CHECK (event IN ('job.completed', 'job.completed_with_errors', 'job.failed',
                         'job.cancelled', 'batch.completed', 'batch.completed_with_errors',
                         'batch.failed', 'batch.cancelled'));
CREATE INDEX webhook_deliveries_by_batch ON webhook_deliveries (batch_id, created_at, id)
    WHERE batch_id IS NOT NULL;

ALTER TABLE batches ENABLE ROW LEVEL SECURITY;
ALTER TABLE batch_jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE batch_events ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON batches, batch_jobs, batch_events FROM PUBLIC, anon, authenticated;
GRANT SELECT ON batches, batch_jobs, batch_events TO authenticated;
CREATE POLICY owners_read ON batches FOR SELECT TO authenticated USING (
    owner = (SELECT quire.caller_owner())
    AND ((SELECT quire.caller_matters()) IS NULL
         OR matter = ANY ((SELECT quire.caller_matters())::text[])));
CREATE POLICY owners_read ON batch_jobs FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM batches WHERE batches.id = batch_id));
CREATE POLICY owners_read ON batch_events FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM batches WHERE batches.id = batch_id));
DROP POLICY owners_read ON webhook_deliveries;
CREATE POLICY owners_read ON webhook_deliveries FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id)
    OR EXISTS (SELECT FROM batches WHERE batches.id = batch_id));
