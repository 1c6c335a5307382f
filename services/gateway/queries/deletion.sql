-- name: lock_meeting
-- A run that begins refers to its meeting, which waits for this lock or is waited for.
SELECT id FROM meetings WHERE workspace = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE

-- name: expired_meetings
-- Those whose newest run ended $1 seconds ago or earlier.
SELECT id, workspace FROM meetings
WHERE deleted_at IS NULL AND created_at < now() - make_interval(secs => $1) AND id > $2
  AND NOT EXISTS (
      SELECT FROM runs
      WHERE runs.meeting_id = meetings.id AND (ended_at IS NULL OR ended_at > now() - make_interval(secs => $1))
  )
ORDER BY id
LIMIT 100

-- name: lock_meeting_unless_busy
SELECT id FROM meetings WHERE workspace = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE SKIP LOCKED

-- name: is_expired
-- A statement of its own: the one that locked saw the runs as they were before it had the lock.
SELECT NOT EXISTS (
    SELECT FROM runs WHERE meeting_id = $1 AND (ended_at IS NULL OR ended_at > now() - make_interval(secs => $2))
)

-- name: bury_meeting
UPDATE meetings SET deleted_at = now(), title = NULL, filename = NULL WHERE id = $1 RETURNING deleted_at

-- name: lock_runs_of_meeting
-- The projection waits, and then sees that the meeting is deleted.
SELECT id FROM runs WHERE meeting_id = $1 ORDER BY id FOR UPDATE

-- name: cancel_runs_of_meeting
UPDATE runs SET status = 'cancelled', ended_at = now(), version = version + 1
WHERE meeting_id = $1 AND ended_at IS NULL
RETURNING id

-- name: delete_facts
DELETE FROM facts WHERE run_id = ANY ($1::uuid[])

-- name: delete_labels
DELETE FROM labels WHERE run_id = ANY ($1::uuid[])

-- name: delete_outbox
DELETE FROM outbox WHERE run_id = ANY ($1::uuid[])
