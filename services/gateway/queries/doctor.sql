-- name: server
SELECT
    clock_timestamp() AS now,
    current_setting('server_version') AS version,
    current_setting('server_version_num')::integer AS version_num,
    least(
        current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer,
        (SELECT CASE WHEN datconnlimit < 0 THEN 1000000 ELSE datconnlimit END FROM pg_database
         WHERE datname = current_database())
    ) AS most,
    (SELECT count(*)::integer FROM pg_stat_activity WHERE backend_type = 'client backend') AS used

-- name: has_migrations
SELECT to_regclass('_yoyo_migration') IS NOT NULL

-- name: migrations
SELECT migration_id FROM _yoyo_migration

-- name: has_keys
SELECT to_regclass('api_keys') IS NOT NULL

-- name: count_keys
SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
