-- name: outbox
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0)::double precision AS oldest
FROM outbox
WHERE sent_at IS NULL
