-- Telling the owner's own server that a job has ended: what is said, to whom, and every try of it.

ALTER TABLE jobs ADD COLUMN webhook_url text;

CREATE TABLE webhook_deliveries (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),  -- the webhook-id of every try
    job_id           uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    owner            text NOT NULL,
    event            text NOT NULL
                     CHECK (event IN ('job.completed', 'job.completed_with_errors', 'job.failed',
                                      'job.cancelled')),
    url              text NOT NULL,
    -- What was true when the job ended. Not jsonb: the keys keep their order.
    payload          json NOT NULL,
    status           text NOT NULL DEFAULT 'pending'
                     CHECK (status IN ('pending', 'delivered', 'failed')),
    tries            integer NOT NULL DEFAULT 0,  -- since it became pending
    attempt          integer NOT NULL DEFAULT 0,  -- the fencing token
    lease_expires_at timestamptz,                 -- somebody is sending it until then
    next_attempt_at  timestamptz DEFAULT now(),   -- not to be sent before
    dispatches       integer NOT NULL DEFAULT 0,  -- messages that asked somebody to send it
    dispatched_at    timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT only_pending_is_due CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT only_pending_is_leased CHECK (status = 'pending' OR lease_expires_at IS NULL)
);
CREATE INDEX webhook_deliveries_by_job ON webhook_deliveries (job_id, created_at, id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (next_attempt_at)
    WHERE status = 'pending';

CREATE TABLE webhook_attempts (
    delivery_id   uuid NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    attempt       integer NOT NULL,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    seconds       real NOT NULL,
    status_code   integer,                        -- null where nobody answered
    error_code    text,
    error_message text,
    PRIMARY KEY (delivery_id, attempt)
);

-- Whatever ends a job writes what is to be told, in the same transaction. A retried job that ends
-- again is told about again.
CREATE FUNCTION tell_ended_job() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' SET timezone = 'UTC' AS $$
BEGIN
    INSERT INTO public.webhook_deliveries (job_id, owner, event, url, payload)
    SELECT NEW.id, NEW.owner, 'job.' || NEW.status, NEW.webhook_url,
           json_build_object(
               'type', 'job.' || NEW.status,
               'timestamp', NEW.finished_at,
               'data', json_build_object('job', json_build_object(
                   'job_id', NEW.id,
                   'document_id', NEW.document_id,
                   'filename', filename,
                   'matter', NEW.matter,
                   'status', NEW.status,
                   'page_count', page_count,
                   'total_pages', NEW.total_pages,
                   'completed_pages', NEW.completed_pages,
                   'failed_pages', NEW.failed_pages,
                   'total_chunks', NEW.total_chunks,
                   'completed_chunks', NEW.completed_chunks,
                   'failed_chunks', NEW.failed_chunks,
                   'retries', NEW.retries,
                   'error', CASE WHEN NEW.error_code IS NOT NULL
                                 THEN json_build_object('code', NEW.error_code,
                                                        'message', NEW.error_message) END,
                   'created_at', NEW.created_at,
                   'started_at', NEW.started_at,
                   'finished_at', NEW.finished_at)))
      FROM public.documents WHERE documents.id = NEW.document_id;
    RETURN NULL;
END $$;
CREATE TRIGGER ended_job_is_told AFTER UPDATE OF status ON jobs
    FOR EACH ROW
    WHEN (OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL AND NEW.webhook_url IS NOT NULL)
    EXECUTE FUNCTION tell_ended_job();

ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_attempts ENABLE ROW LEVEL SECURITY;
