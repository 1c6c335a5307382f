-- name: take_unsent
SELECT outbox.id, outbox.run_id, outbox.stream, outbox.event, outbox.created_at
FROM outbox
WHERE sent_at IS NULL
ORDER BY id
LIMIT $1
FOR UPDATE SKIP LOCKED

-- name: mark_sent
UPDATE outbox SET sent_at = now() WHERE id = ANY ($1::bigint[])
