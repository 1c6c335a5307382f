-- name: insert_erasure
INSERT INTO erasures (id, workspace, meeting_id, speaker_id, prefixes, keys, until)
VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))

-- name: due
-- What was never erased comes before what is erased again: after $1 seconds at first, then after as long as it was gone
-- the last time, at most $2 seconds, and once more when nothing can be written late any more.
SELECT id, meeting_id FROM erasures
WHERE erased_at IS NULL
    OR erased_at < now() - least(greatest(make_interval(secs => $1), erased_at - requested_at), make_interval(secs => $2))
    OR (until < now() AND erased_at <= until)
ORDER BY erased_at NULLS FIRST, requested_at

-- name: one
SELECT id, workspace, meeting_id, prefixes, keys, until FROM erasures WHERE id = $1

-- name: mark
UPDATE erasures SET erased_at = now() WHERE id = $1

-- name: forget
-- Nothing can be written late any more: of a meeting only its own row stays, which says when it was deleted.
-- As many as one statement has time for; the next pass goes on.
WITH final AS (
    DELETE FROM erasures WHERE id IN (
        SELECT id FROM erasures WHERE until < now() AND erased_at > until ORDER BY until LIMIT 1000
    )
    RETURNING meeting_id
)
DELETE FROM runs USING final WHERE runs.meeting_id = final.meeting_id

-- name: end_runs
-- One that began while its meeting was being deleted.
UPDATE runs SET status = 'cancelled', ended_at = now(), version = version + 1
WHERE meeting_id = $1 AND ended_at IS NULL

-- name: runs_of_meeting
SELECT id, version, created_at, ended_at FROM runs WHERE meeting_id = $1

-- name: runs_to_sweep
SELECT id, meeting_id, folder FROM runs
WHERE ended_at < now() - make_interval(secs => $1) AND swept_at IS NULL AND id > $2
ORDER BY id
LIMIT 100

-- name: mark_swept
UPDATE runs SET swept_at = now() WHERE id = $1
