-- name: find
-- The key with this digest if it opens something now. That it was used is written at most once a minute.
WITH known AS (
    SELECT id, workspace, prefix, extract(epoch FROM expires_at - now())::double precision AS seconds_left
    FROM api_keys
    WHERE digest = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
), used AS (
    UPDATE api_keys SET last_used_at = now() FROM known
    WHERE api_keys.id = known.id
      AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at < now() - interval '1 minute')
)
SELECT workspace, prefix, seconds_left FROM known

-- name: has_any
SELECT EXISTS (SELECT FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())) AS found

-- name: make_workspace
INSERT INTO workspaces (id) VALUES ($1) ON CONFLICT DO NOTHING

-- name: insert
-- $6: days until it expires, or NULL.
INSERT INTO api_keys (id, workspace, name, prefix, digest, expires_at)
VALUES ($1, $2, $3, $4, $5, now() + $6::double precision * interval '1 day')
ON CONFLICT (digest) DO NOTHING
RETURNING id

-- name: opens
SELECT FROM api_keys WHERE digest = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())

-- name: list
SELECT id, workspace, name, prefix, created_at, last_used_at, expires_at, revoked_at, expires_at <= now() AS is_expired
FROM api_keys
ORDER BY created_at, id

-- name: named
SELECT id, prefix, name, revoked_at FROM api_keys WHERE id::text = lower($1) OR prefix = $1 LIMIT 2

-- name: revoke
UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL
