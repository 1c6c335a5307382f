-- Runs before the new code.
-- depends: 0003.replays

-- How many inputs the reconciler had to add to a stream again.
CREATE TABLE put_backs (
    stage text PRIMARY KEY,
    inputs bigint NOT NULL,
    last_at timestamptz NOT NULL
);

-- Units that were given up and are no longer listed, by the run that worked them: dropped, or done again by another.
CREATE TABLE dismissals (
    run_id uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    stage text NOT NULL,
    part text NOT NULL,
    retry_run_id uuid REFERENCES runs ON DELETE SET NULL,
    dismissed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, stage, part)
);

CREATE INDEX facts_by_time ON facts (recorded_at) WHERE position = 0;
CREATE INDEX facts_given_up ON facts (recorded_at) WHERE position = 0
    AND (stream = 'stage.failed.v1' OR report ->> 'given_up' IS NOT NULL OR event ->> 'error_code' IS NOT NULL);
-- Without them Postgres takes nearly every fact for one that was given up, and reads them all.
CREATE STATISTICS facts_with_given_up ON (report ->> 'given_up') FROM facts;
CREATE STATISTICS facts_with_error_code ON (event ->> 'error_code') FROM facts;

-- What was given up and still waits for somebody to look at it: units that failed, and units whose stage gave
-- something else instead. What a replay took over is listed once, with the newest run that is complete.
CREATE VIEW dead_letters AS
SELECT runs.workspace, runs.meeting_id, runs.sample_id, samples.speaker_id,
       facts.run_id, coalesce(facts.worked_in, facts.run_id) AS worked_in, facts.stage, facts.part, facts.recorded_at,
       facts.stream = 'stage.failed.v1' AS is_failed,
       coalesce(facts.report #>> '{given_up,code}', facts.event ->> 'code', facts.event ->> 'error_code') AS code,
       coalesce(
           facts.report #>> '{given_up,message}', facts.event ->> 'message', facts.event ->> 'error_message'
       ) AS message,
       (facts.report ->> 'attempts')::integer AS attempts
FROM facts
JOIN runs ON runs.id = facts.run_id
LEFT JOIN meetings ON meetings.id = runs.meeting_id
LEFT JOIN samples ON samples.id = runs.sample_id
WHERE facts.position = 0
    AND (
        facts.stream = 'stage.failed.v1'
        OR facts.report ->> 'given_up' IS NOT NULL
        OR facts.event ->> 'error_code' IS NOT NULL
    )
    AND runs.status <> 'cancelled'
    AND (facts.worked_in IS NULL OR runs.status = 'completed')
    AND meetings.deleted_at IS NULL
    AND NOT EXISTS (
        SELECT FROM runs AS later
        WHERE (later.meeting_id = runs.meeting_id OR later.sample_id = runs.sample_id)
            AND later.created_at > runs.created_at
            AND later.status = 'completed'
    )
    AND NOT EXISTS (
        SELECT FROM dismissals
        WHERE dismissals.run_id = coalesce(facts.worked_in, facts.run_id)
            AND dismissals.stage = facts.stage AND dismissals.part = facts.part
    );
