-- What an ended job leaves behind, and how far it has been removed.
--
-- `cleaned_at` comes first: from then on the job can't be retried. The removal follows, and what
-- was cut short is taken up again once `cleaning_until` has passed.

ALTER TABLE jobs
    ADD COLUMN cleaning_until    timestamptz,      -- somebody is at it until then
    ADD COLUMN pieces_removed_at timestamptz,      -- what nothing can need any more is gone
    ADD COLUMN remains_gone_at   timestamptz,      -- and everything else but the result
    ADD CONSTRAINT cleaned_before_removed CHECK (
        cleaned_at IS NOT NULL OR (cleaning_until IS NULL AND pieces_removed_at IS NULL)),
    ADD CONSTRAINT pieces_before_remains CHECK (
        remains_gone_at IS NULL OR pieces_removed_at IS NOT NULL),
    ADD CONSTRAINT only_ended_is_cleaned CHECK (cleaned_at IS NULL OR finished_at IS NOT NULL);

DROP INDEX jobs_uncleaned;
CREATE INDEX jobs_uncleaned ON jobs (finished_at) WHERE finished_at IS NOT NULL
                                                    AND remains_gone_at IS NULL;
