-- name: unsent
SELECT stream, count(*) AS units FROM outbox WHERE sent_at IS NULL GROUP BY stream

-- name: finished
-- What a replay took over was finished before.
SELECT stage, count(*) AS units
FROM facts
WHERE position = 0 AND worked_in IS NULL AND stage = ANY ($1) AND recorded_at > now() - make_interval(secs => $2)
GROUP BY stage

-- name: is_answered
SELECT FROM idempotency_keys WHERE workspace = $1 AND route = $2 AND key = $3
