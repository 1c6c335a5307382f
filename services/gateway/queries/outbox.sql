-- name: take_unsent
SELECT id, run_id, stage, part
FROM outbox
WHERE sent_at IS NULL
ORDER BY id
LIMIT $1
FOR UPDATE SKIP LOCKED

-- name: facts_of_unit
SELECT run_id, stage, part, position, siblings, stream, event, report
FROM facts
WHERE run_id = $1 AND stage = $2 AND part = $3
ORDER BY position

-- name: mark_sent
UPDATE outbox SET sent_at = now() WHERE id = ANY ($1::bigint[])
