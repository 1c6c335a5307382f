-- name: insert_erasure
INSERT INTO erasures (id, workspace, meeting_id, speaker_id, prefixes, keys, until)
VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))

-- name: due
-- What was never erased comes before what is erased again.
SELECT id FROM erasures
WHERE erased_at IS NULL OR erased_at < now() - make_interval(secs => $1)
ORDER BY erased_at NULLS FIRST, requested_at

-- name: one
SELECT id, workspace, meeting_id, prefixes, keys, until FROM erasures WHERE id = $1

-- name: mark
UPDATE erasures SET erased_at = now() WHERE id = $1

-- name: forget
DELETE FROM erasures WHERE until < now() AND erased_at > until

-- name: runs_to_sweep
SELECT id, folder FROM runs
WHERE ended_at < now() - make_interval(secs => $1) AND swept_at IS NULL AND id > $2
ORDER BY id
LIMIT 100

-- name: mark_swept
UPDATE runs SET swept_at = now() WHERE id = $1
