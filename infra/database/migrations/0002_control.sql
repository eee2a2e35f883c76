-- What owners may do to their jobs: pause, resume, cancel, retry; and what it costs them.

ALTER TABLE documents DROP CONSTRAINT documents_status_check;
ALTER TABLE documents ADD CONSTRAINT documents_status_check
    CHECK (status IN ('pending', 'processing', 'ocr_complete', 'failed', 'cancelled'));

ALTER TABLE jobs
    ADD COLUMN matter           text,              -- its document's, for filters and policies
    ADD COLUMN priority         text NOT NULL DEFAULT 'normal'
                                CHECK (priority IN ('high', 'normal', 'low')),
    ADD COLUMN retries          integer NOT NULL DEFAULT 0,  -- times the owner had failures retried
    ADD COLUMN reading_since    timestamptz,       -- the first claim since start, resume or retry,
    ADD COLUMN reading_from     integer NOT NULL DEFAULT 0,  -- and the chunks done by then: the pace
    ADD COLUMN credits_reserved integer NOT NULL DEFAULT 0 CHECK (credits_reserved >= 0),
    ADD COLUMN credits_settled  integer NOT NULL DEFAULT 0 CHECK (credits_settled >= 0),
    ADD COLUMN cleaned_at       timestamptz;       -- its intermediate objects are gone

CREATE INDEX jobs_newest ON jobs (owner, created_at DESC, id DESC);
DROP INDEX jobs_by_owner;
CREATE INDEX jobs_uncleaned ON jobs (finished_at) WHERE finished_at IS NOT NULL
                                                    AND cleaned_at IS NULL;

-- One key of one owner is one request, however often it is sent.
CREATE TABLE idempotency_keys (
    owner       text NOT NULL,
    key         text NOT NULL,
    fingerprint text NOT NULL,                     -- SHA-256 of what was asked
    job_id      uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Credits are pages. `available` can be reserved; `reserved` waits for its job's end. The ledger
-- explains every change, and is only ever added to; the account is its sum under one row's lock.
CREATE TABLE credit_accounts (
    owner     text PRIMARY KEY,
    available bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
    reserved  bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0)
);
CREATE TABLE credit_ledger (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner            text NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('granted', 'reserved', 'settled', 'refunded')),
    available_change bigint NOT NULL,
    reserved_change  bigint NOT NULL,
    job_id           uuid,                         -- no reference: it outlives the job
    round            integer,                      -- the job's retries when it was reserved
    note             text,
    at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (job_id, round, kind),
    CHECK ((kind = 'granted') = (job_id IS NULL)),
    CHECK (kind = 'granted' OR round IS NOT NULL)
);
CREATE INDEX credit_ledger_by_owner ON credit_ledger (owner, id DESC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    RAISE EXCEPTION 'the credit ledger is only added to';
END $$;
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whatever ends a job settles its credits, in the same transaction: by the pages that were read
-- since the reservation. A cancelled or failed job gives everything back.
CREATE FUNCTION settle_credits() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    used integer := 0;
BEGIN
    IF NEW.status IN ('completed', 'completed_with_errors') THEN
        used := least(OLD.credits_reserved,
                      greatest(0, NEW.completed_pages - OLD.credits_settled));
    END IF;
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
CREATE TRIGGER ended_job_settles BEFORE UPDATE OF status ON jobs
    FOR EACH ROW
    WHEN (OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL AND OLD.credits_reserved > 0)
    EXECUTE FUNCTION settle_credits();

-- A job that is deleted before it began (its upload could not be stored) gives them back too.
CREATE FUNCTION refund_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    INSERT INTO public.credit_ledger
           (owner, kind, available_change, reserved_change, job_id, round)
    VALUES (OLD.owner, 'refunded', OLD.credits_reserved, -OLD.credits_reserved, OLD.id,
            OLD.retries);
    UPDATE public.credit_accounts
       SET available = available + OLD.credits_reserved, reserved = reserved - OLD.credits_reserved
     WHERE owner = OLD.owner;
    RETURN OLD;
END $$;
CREATE TRIGGER deleted_job_refunds BEFORE DELETE ON jobs
    FOR EACH ROW WHEN (OLD.credits_reserved > 0) EXECUTE FUNCTION refund_deleted();

ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit_ledger ENABLE ROW LEVEL SECURITY;
