-- name: ended_run
-- A run of its own begins when its upload does; one that takes over facts, when it is asked for.
SELECT runs.meeting_id, runs.sample_id, runs.origin_run_id, runs.status, runs.error_code, runs.ended_at,
    least(runs.created_at, (facts.report ->> 'started_at')::timestamptz) AS began_at
FROM runs LEFT JOIN facts ON facts.run_id = runs.id AND facts.stage = 'accept' AND facts.worked_in IS NULL
WHERE runs.id = $1
LIMIT 1
