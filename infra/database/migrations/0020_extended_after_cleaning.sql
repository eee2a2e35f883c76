-- A job whose pieces are gone may still go through further stages: they begin with its result,
-- which stays. `outcome` says that it has been delivered.

ALTER TABLE jobs
    DROP CONSTRAINT only_ended_is_cleaned,
    ADD CONSTRAINT only_ended_is_cleaned CHECK (
        cleaned_at IS NULL OR finished_at IS NOT NULL OR outcome IS NOT NULL);
