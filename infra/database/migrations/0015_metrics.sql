-- Measures from the audit trail: for owners by time, and for operators as totals that only grow.

-- Events come in the order of their time, so that a few bytes for every 128 pages of the table
-- find those of a stretch of time, and writing them costs nothing more.
CREATE INDEX job_events_by_time ON job_events USING brin (at) WITH (autosummarize = on);

-- What all events before `counted_to` come to. Events of the last minutes are counted when they
-- are asked for: one may be seen later than the moment that it carries.
CREATE TABLE metric_totals (
    name  text NOT NULL,
    label text NOT NULL DEFAULT '',
    value double precision NOT NULL,
    PRIMARY KEY (name, label)
);
CREATE TABLE metrics_counted (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    counted_to timestamptz NOT NULL
);
INSERT INTO metrics_counted (counted_to) VALUES (now());

ALTER TABLE metric_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE metrics_counted ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON metric_totals, metrics_counted FROM PUBLIC, anon, authenticated;
