-- Runs before the new code.
-- depends: 0002.deletions

ALTER TABLE runs
    ADD COLUMN origin_run_id uuid REFERENCES runs ON DELETE SET NULL, -- whose finished work this run takes over
    ADD COLUMN from_stage text, -- as clients name stages: where its own work begins
    ADD COLUMN becomes_current boolean NOT NULL DEFAULT false; -- its meeting is to show it once it is completed
CREATE INDEX runs_by_origin ON runs (origin_run_id) WHERE origin_run_id IS NOT NULL;
CREATE INDEX runs_becoming_current ON runs (meeting_id) WHERE becomes_current;

ALTER TABLE facts ADD COLUMN worked_in uuid; -- the run that worked the unit; NULL: the fact's own

-- The unit whose facts are to be published, all of them. `stream` and `event` are its first: an older relay knows
-- only these, and publishes them as if they were of `accept`; whatever that leaves out the reconciler puts in.
ALTER TABLE outbox
    ADD COLUMN stage text NOT NULL DEFAULT 'accept',
    ADD COLUMN part text NOT NULL DEFAULT '';
