-- name: claim_key
-- A key that is known is written again as it is: so it is locked, and nobody forgets it before the transaction ends.
INSERT INTO idempotency_keys (workspace, route, key, fingerprint, answer)
VALUES ($1, $2, $3, $4, '{}')
ON CONFLICT (workspace, route, key) DO UPDATE SET answer = idempotency_keys.answer
RETURNING fingerprint, nullif(answer, '{}') AS answer

-- name: find_key
SELECT fingerprint, answer FROM idempotency_keys WHERE workspace = $1 AND route = $2 AND key = $3

-- name: record_answer
UPDATE idempotency_keys SET answer = $4 WHERE workspace = $1 AND route = $2 AND key = $3

-- name: forget_keys
DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(secs => $1)

-- name: begin_run
-- One statement, because each is a round trip that a client waits for. References are checked at its end.
WITH run AS (
    INSERT INTO runs (id, workspace, meeting_id, sample_id, folder) VALUES ($1, $2, $3, $4, $5)
), fact AS (
    INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report)
    VALUES ($1, 'accept', '', 0, 1, $6, $7, $8)
)
INSERT INTO outbox (run_id, stream, event) VALUES ($1, $6, $7)
