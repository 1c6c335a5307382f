-- name: stored_facts
SELECT run_id, stage, part, position, siblings, stream, event, report, coalesce(worked_in, run_id) AS worked_in
FROM facts
WHERE run_id = $1
ORDER BY recorded_at, stage, part, position

-- name: owner_of_run
SELECT runs.meeting_id, runs.sample_id, runs.ended_at
FROM runs LEFT JOIN meetings ON meetings.id = runs.meeting_id
WHERE runs.workspace = $1 AND runs.id = $2 AND meetings.deleted_at IS NULL

-- name: lock_meeting
-- Whoever deletes the meeting waits, and then sees the new run; or has deleted it, and there is none.
SELECT current_run_id FROM meetings WHERE workspace = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE

-- name: lock_run
SELECT id FROM runs WHERE id = $1 FOR NO KEY UPDATE

-- name: run_status
SELECT status FROM runs WHERE id = $1

-- name: successor_in_progress
SELECT id FROM runs WHERE origin_run_id = $1 AND ended_at IS NULL LIMIT 1

-- name: insert_run
INSERT INTO runs (id, workspace, meeting_id, sample_id, folder, origin_run_id, from_stage, becomes_current)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: insert_fact
-- In the order given, and young: their entries are not to be missed before they are published.
INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report, worked_in, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp())

-- name: lock_speakers_of_labels
-- Whoever deletes one of them waits, and then finds the copies; or has, and the copies name no embedding.
SELECT FROM speakers WHERE id IN (SELECT speaker_id FROM labels WHERE run_id = $1) ORDER BY id FOR KEY SHARE

-- name: copy_labels
INSERT INTO labels (run_id, label, speaker_id, embedding_key)
SELECT $2, label, speaker_id, embedding_key FROM labels WHERE run_id = $1

-- name: insert_outbox
INSERT INTO outbox (run_id, stage, part, stream, event) VALUES ($1, $2, $3, $4, $5)

-- name: make_current
UPDATE meetings SET current_run_id = $2 WHERE id = $1

-- name: runs_of_meeting
SELECT runs.id, runs.meeting_id, runs.folder, runs.status, runs.origin_run_id, runs.from_stage,
       runs.created_at, runs.ended_at, runs.error_code, runs.error_message, runs.error_stage,
       runs.id = meetings.current_run_id AS is_current
FROM meetings JOIN runs ON runs.meeting_id = meetings.id
WHERE meetings.workspace = $1 AND meetings.id = $2 AND meetings.deleted_at IS NULL
ORDER BY runs.created_at DESC, runs.id DESC

-- name: forget_places
-- In the reconciler's order.
WITH waiting AS (
    SELECT id FROM runs WHERE meeting_id = $1 AND becomes_current ORDER BY id FOR NO KEY UPDATE
)
UPDATE runs SET becomes_current = false FROM waiting WHERE runs.id = waiting.id

-- name: lock_place
SELECT FROM meetings JOIN runs ON runs.meeting_id = meetings.id
WHERE runs.id = $1 AND runs.becomes_current
FOR NO KEY UPDATE OF meetings

-- name: take_place
-- Unless the meeting shows a newer run by now.
WITH successor AS (
    UPDATE runs SET becomes_current = false WHERE id = $1 AND becomes_current RETURNING id, meeting_id, created_at
)
UPDATE meetings SET current_run_id = successor.id
FROM successor
WHERE meetings.id = successor.meeting_id AND NOT EXISTS (
    SELECT FROM runs WHERE runs.id = meetings.current_run_id AND runs.created_at > successor.created_at
)

-- name: places_not_taken
SELECT id FROM runs WHERE becomes_current AND status = 'completed' ORDER BY created_at
