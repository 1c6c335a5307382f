-- name: insert_meeting
INSERT INTO meetings (id, workspace, title, filename, upload_key, size_bytes, current_run_id)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: list_meetings
SELECT meetings.id, meetings.title, meetings.filename, meetings.created_at,
       runs.id AS run_id, runs.status, runs.ended_at
FROM meetings JOIN runs ON runs.id = meetings.current_run_id
WHERE meetings.workspace = $1 AND meetings.deleted_at IS NULL
  AND ($2::timestamptz IS NULL OR (meetings.created_at, meetings.id) < ($2, $3::uuid))
ORDER BY meetings.created_at DESC, meetings.id DESC
LIMIT $4

-- name: find_run
-- $3: the run, or NULL for the one that the meeting shows.
SELECT meetings.id AS meeting_id, meetings.title, meetings.filename, runs.created_at,
       runs.id AS run_id, runs.status, runs.version, runs.ended_at,
       runs.error_code, runs.error_message, runs.error_stage,
       runs.id = meetings.current_run_id AS is_current, runs.origin_run_id, runs.from_stage
FROM meetings LEFT JOIN runs
    ON runs.meeting_id = meetings.id AND runs.id = coalesce($3::uuid, meetings.current_run_id)
WHERE meetings.workspace = $1 AND meetings.id = $2 AND meetings.deleted_at IS NULL

-- name: run_facts
SELECT run_id, stage, part, position, siblings, stream, event, report, worked_in
FROM facts
WHERE run_id = $1 AND (position = 0 OR stream IN ('stage.failed.v1', 'transcript.assembled.v1', 'minutes.written.v1'))
ORDER BY recorded_at, stage, part, position

-- name: cancel_run
UPDATE runs SET status = 'cancelled', ended_at = now(), version = version + 1
WHERE id = $1 AND ended_at IS NULL
RETURNING id
