-- name: begin_upload
INSERT INTO uploads (prefix) VALUES ($1)

-- name: end_uploads
DELETE FROM uploads WHERE prefix = ANY ($1::text[]) RETURNING prefix

-- name: lock_abandoned_upload
SELECT prefix FROM uploads
WHERE started_at < now() - make_interval(secs => $1)
ORDER BY started_at
LIMIT 1
FOR UPDATE SKIP LOCKED
