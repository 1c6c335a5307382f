-- name: runs_of_meeting
SELECT runs.id, runs.workspace, runs.meeting_id, runs.sample_id, runs.folder, runs.status, runs.error_code,
       runs.error_message, runs.error_stage, runs.created_at, runs.ended_at, meetings.current_run_id
FROM runs JOIN meetings ON meetings.id = runs.meeting_id
WHERE meetings.workspace = $1 AND meetings.id = $2 AND meetings.deleted_at IS NULL
ORDER BY runs.created_at, runs.id

-- name: runs_between
SELECT runs.id, runs.workspace, runs.meeting_id, runs.sample_id, runs.folder, runs.status, runs.error_code,
       runs.error_message, runs.error_stage, runs.created_at, runs.ended_at, meetings.current_run_id
FROM runs LEFT JOIN meetings ON meetings.id = runs.meeting_id
WHERE runs.workspace = $1 AND runs.id BETWEEN $2 AND $3 AND meetings.deleted_at IS NULL
ORDER BY runs.id
LIMIT 2

-- name: facts_of_runs
SELECT run_id, stage, part, position, siblings, stream, event, report, recorded_at, worked_in
FROM facts
WHERE run_id = ANY ($1::uuid[])
ORDER BY recorded_at, stage, part, position
