-- A batch tells that a finished document of it goes through further stages, which was told as a retry:
-- nothing of it failed, and nothing is read again.

-- As before (0012), but for that.
CREATE OR REPLACE FUNCTION tell_batches() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
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
                   -- What has it go on tells its events so in the same statement.
                   finished_at IS NULL AND EXISTS (
                       SELECT FROM public.job_events
                        WHERE job_events.job_id = jobs.id AND job_events.id = last_event
                          AND kind = 'job_extended') AS was_extended,
                   row_number() OVER (PARTITION BY batch_jobs.batch_id ORDER BY position) AS place
              FROM public.jobs JOIN public.batch_jobs ON job_id = jobs.id
             WHERE jobs.id = ANY(turned)
        ), event AS (
            INSERT INTO public.batch_events (batch_id, id, kind, job_id, details)
            SELECT batches.id, last_event + place,
                   'document_' || CASE WHEN has_ended THEN turned_jobs.status
                                       WHEN was_extended THEN 'extended'
                                       ELSE 'retried' END,
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
