-- name: run_of_meeting
SELECT runs.id, runs.status, runs.created_at
FROM meetings JOIN runs ON runs.meeting_id = meetings.id
WHERE meetings.workspace = $1 AND meetings.id = $2 AND meetings.deleted_at IS NULL
  AND runs.id = coalesce($3::uuid, meetings.current_run_id)

-- name: has_meeting
SELECT EXISTS (SELECT FROM meetings WHERE workspace = $1 AND id = $2 AND deleted_at IS NULL)

-- name: runs_of_speaker
SELECT runs.id, runs.created_at
FROM samples JOIN runs ON runs.sample_id = samples.id
WHERE samples.workspace = $1 AND samples.speaker_id = $2

-- name: has_speaker
SELECT EXISTS (SELECT FROM speakers WHERE workspace = $1 AND id = $2)

-- name: facts
SELECT run_id, stage, part, position, stream, event, report, recorded_at, worked_in
FROM facts
WHERE run_id = ANY ($1::uuid[])
