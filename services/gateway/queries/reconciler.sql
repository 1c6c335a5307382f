-- name: lock
SELECT pg_try_advisory_xact_lock(hashtextextended('hansard.reconciler', 0))

-- name: runs_in_progress
SELECT id FROM runs
WHERE ended_at IS NULL AND created_at < now() - make_interval(secs => $1) AND id > $2
ORDER BY id
LIMIT $3

-- name: lock_runs
SELECT FROM runs WHERE id = ANY ($1::uuid[]) ORDER BY id FOR SHARE

-- name: due_units
-- $1 streams and $2 the stages that consume them, pairwise; $3 the age in seconds from which a unit is due, if its
-- run's events were published as long ago; $4 runs.
WITH line AS (
    SELECT * FROM unnest($1::text[], $2::text[]) AS line (stream, unit_stage)
), inputs AS (
    SELECT facts.*, line.unit_stage,
        CASE facts.stream
            WHEN 'chunk.planned.v1' THEN lpad(facts.event ->> 'index', 5, '0')
            WHEN 'minutes.planned.v1' THEN facts.event ->> 'persona'
            ELSE ''
        END AS unit_part
    FROM runs
    JOIN facts ON facts.run_id = runs.id
    JOIN line ON line.stream = facts.stream
    WHERE runs.id = ANY ($4::uuid[])
        AND runs.ended_at IS NULL
        AND facts.recorded_at < now() - make_interval(secs => $3)
        AND NOT EXISTS (
            SELECT FROM outbox
            WHERE outbox.run_id = runs.id AND (sent_at IS NULL OR sent_at > now() - make_interval(secs => $3))
        )
)
SELECT DISTINCT ON (run_id, unit_stage, unit_part)
    run_id, stage, part, position, siblings, stream, event, report, entry_id
FROM inputs
WHERE (
        SELECT count(*) < coalesce(max(done.siblings), 1)
        FROM facts AS done
        WHERE done.run_id = inputs.run_id AND done.stage = inputs.unit_stage AND done.part = inputs.unit_part
    )
    AND (
        inputs.unit_stage <> 'assemble'
        OR (inputs.event ->> 'num_chunks')::integer <= (
            SELECT count(*) FROM facts AS chunk
            WHERE chunk.run_id = inputs.run_id AND chunk.stream = 'chunk.transcribed.v1'
        )
    )
ORDER BY run_id, unit_stage, unit_part, recorded_at DESC

-- name: cancelled_runs
-- Also the ended runs of deleted meetings: entries outlive them, and may be delivered again.
SELECT id FROM (
    SELECT id FROM runs WHERE status = 'cancelled' AND ended_at > now() - make_interval(secs => $1)
    UNION
    SELECT runs.id FROM runs JOIN meetings ON meetings.id = runs.meeting_id
    WHERE meetings.deleted_at > now() - make_interval(secs => $1)
) AS cancelled
WHERE id > $2
ORDER BY id
LIMIT $3

-- name: count_put_backs
INSERT INTO put_backs (stage, inputs, last_at) VALUES ($1, $2, now())
ON CONFLICT (stage) DO UPDATE SET inputs = put_backs.inputs + excluded.inputs, last_at = excluded.last_at
