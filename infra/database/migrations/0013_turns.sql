-- Whose turn it is. What waits, waits here, and only as much as could soon be begun is in the
-- broker: `dispatched_at` is null for what waits.

-- A chunk's lane: what shares its turns. Its owner's batch, or for all single documents of an owner
-- the nil id. Written here as it is asked for at every turn; the job says what is true.
ALTER TABLE chunks
    ADD COLUMN owner    text NOT NULL DEFAULT '',
    ADD COLUMN priority text NOT NULL DEFAULT 'normal'
                        CHECK (priority IN ('high', 'normal', 'low')),
    ADD COLUMN lane     uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    ADD COLUMN sent_as  text,                      -- the higher priority it was helped to
    ADD COLUMN stands   boolean NOT NULL DEFAULT false,  -- its job is paused, or has ended
    ADD COLUMN ready_at timestamptz;               -- since when it could be read, were it its turn
UPDATE chunks
   SET owner = jobs.owner, priority = jobs.priority, stands = jobs.status <> 'processing'
  FROM jobs WHERE jobs.id = job_id;
CREATE INDEX chunks_waiting ON chunks (priority, owner, lane, index)
    WHERE status = 'pending' AND source_object IS NOT NULL AND dispatched_at IS NULL
      AND NOT stands;
CREATE INDEX chunks_in_flight ON chunks (priority, owner, lane)
    WHERE NOT stands
      AND (status = 'processing' OR (status = 'pending' AND dispatched_at IS NOT NULL));
-- Few: whose job went on just while somebody held its row. Maintain looks for them.
CREATE INDEX chunks_standing ON chunks (job_id) WHERE status = 'pending' AND stands;

ALTER TABLE jobs ADD COLUMN sent_as text;
CREATE INDEX jobs_waiting ON jobs (priority, owner, batch_id, batch_position)
    WHERE status = 'pending' AND stage = 'received' AND batch_id IS NOT NULL
      AND dispatched_at IS NULL;
CREATE INDEX jobs_in_flight ON jobs (priority, owner, batch_id)
    WHERE batch_id IS NOT NULL
      AND ((status = 'pending' AND dispatched_at IS NOT NULL)
           OR (status = 'processing' AND stage = 'splitting'));

-- Whoever writes a chunk need not know about lanes.
CREATE FUNCTION take_lane() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    SELECT owner, priority, coalesce(batch_id, '00000000-0000-0000-0000-000000000000'),
           status <> 'processing'
      INTO NEW.owner, NEW.priority, NEW.lane, NEW.stands
      FROM public.jobs WHERE id = NEW.job_id;
    RETURN NEW;
END $$;
CREATE TRIGGER chunk_takes_its_jobs_lane BEFORE INSERT ON chunks
    FOR EACH ROW EXECUTE FUNCTION take_lane();

CREATE FUNCTION follow_lane() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    -- Whoever claims or ends a chunk holds its row, and waits for the job's, which is held here:
    -- what is being taken just now stays in its lane.
    UPDATE public.chunks
       SET priority = NEW.priority,
           lane = coalesce(NEW.batch_id, '00000000-0000-0000-0000-000000000000'),
           stands = NEW.status <> 'processing'
     WHERE id IN (SELECT id FROM public.chunks
                   WHERE job_id = NEW.id AND status IN ('pending', 'processing')
                     FOR UPDATE SKIP LOCKED);
    RETURN NULL;
END $$;
CREATE TRIGGER chunks_follow_their_job AFTER UPDATE OF priority, batch_id, status ON jobs
    FOR EACH ROW
    WHEN (OLD.priority IS DISTINCT FROM NEW.priority OR OLD.batch_id IS DISTINCT FROM NEW.batch_id
          OR (OLD.status = 'processing') <> (NEW.status = 'processing'))
    EXECUTE FUNCTION follow_lane();

-- One at a time gives out turns; its row is the lock. `promotions` alternates between the classes
-- that are helped ahead. What was sent of a priority since it last gave up a place is counted.
CREATE TABLE turns (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    promotions  bigint NOT NULL DEFAULT 0,
    high_sent   integer NOT NULL DEFAULT 0,        -- in messages
    normal_sent integer NOT NULL DEFAULT 0
);
INSERT INTO turns DEFAULT VALUES;
ALTER TABLE turns ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON turns FROM PUBLIC, anon, authenticated;
