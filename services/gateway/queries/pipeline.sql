-- name: put_backs
SELECT stage, inputs, last_at FROM put_backs

-- name: throughput
-- Units by the first of their facts; what a replay took over was finished by the run that worked it.
SELECT stage,
       count(*) FILTER (WHERE recorded_at > now() - interval '1 minute') AS last_minute,
       count(*) FILTER (WHERE recorded_at > now() - interval '5 minutes') AS last_5_minutes,
       count(*) AS last_15_minutes,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY (report ->> 'seconds')::double precision) AS median,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY (report ->> 'seconds')::double precision) AS percentile_95,
       jsonb_agg(event -> 'usage') FILTER (WHERE event ? 'usage') AS usages
FROM facts
WHERE position = 0 AND worked_in IS NULL AND recorded_at > now() - interval '15 minutes'
GROUP BY stage

-- name: dead_by_stage
SELECT stage, count(*) AS dead FROM dead_letters WHERE workspace = $1 GROUP BY stage
