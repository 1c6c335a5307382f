-- name: due
SELECT id, workspace, meeting_id, prefixes, keys, until
FROM erasures
WHERE erased_at IS NULL OR erased_at < now() - make_interval(secs => $1)
ORDER BY requested_at
LIMIT 100

-- name: one
SELECT id, workspace, meeting_id, prefixes, keys, until FROM erasures WHERE id = $1

-- name: mark
UPDATE erasures SET erased_at = now() WHERE id = $1

-- name: forget
DELETE FROM erasures WHERE until < now() AND erased_at > until

-- name: runs_to_sweep
SELECT id, folder FROM runs
WHERE ended_at < now() - make_interval(secs => $1) AND swept_at IS NULL
ORDER BY ended_at
LIMIT 100

-- name: mark_swept
UPDATE runs SET swept_at = now() WHERE id = $1
