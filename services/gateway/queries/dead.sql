-- name: page
SELECT dead_letters.*, meetings.title, coalesce(meetings.filename, samples.filename) AS filename,
       speakers.name AS speaker_name
FROM dead_letters
LEFT JOIN meetings ON meetings.id = dead_letters.meeting_id
LEFT JOIN samples ON samples.id = dead_letters.sample_id
LEFT JOIN speakers ON speakers.id = dead_letters.speaker_id
WHERE dead_letters.workspace = $1
  AND ($2::text IS NULL OR code = $2)
  AND (
    $3::timestamptz IS NULL
    OR (recorded_at, run_id, stage, part) < ($3, $4::uuid, $5::text, $6::text)
  )
ORDER BY recorded_at DESC, run_id DESC, stage DESC, part DESC
LIMIT $7

-- name: codes
SELECT code, count(*) AS letters FROM dead_letters
WHERE workspace = $1 AND ($2::text IS NULL OR code = $2)
GROUP BY code
ORDER BY code

-- name: find
SELECT dead_letters.*, meetings.title, coalesce(meetings.filename, samples.filename) AS filename,
       speakers.name AS speaker_name
FROM dead_letters
LEFT JOIN meetings ON meetings.id = dead_letters.meeting_id
LEFT JOIN samples ON samples.id = dead_letters.sample_id
LEFT JOIN speakers ON speakers.id = dead_letters.speaker_id
WHERE dead_letters.workspace = $1 AND run_id = $2 AND stage = $3 AND part = $4

-- name: select_all
SELECT * FROM dead_letters WHERE workspace = $1 AND ($2::text IS NULL OR code = $2) ORDER BY recorded_at

-- name: dismiss
INSERT INTO dismissals (run_id, stage, part, retry_run_id)
SELECT run_id, stage, part, $4 FROM unnest($1::uuid[], $2::text[], $3::text[]) AS units (run_id, stage, part)
ON CONFLICT DO NOTHING
RETURNING run_id, stage, part

-- name: inputs
-- The events that asked for some units: $1 runs, $2 the streams that the units' stages consume, $3 parts.
SELECT DISTINCT ON (asked.run_id, asked.stream, asked.part)
    asked.run_id, asked.stream, asked.part AS unit_part, facts.stage, facts.part, facts.position
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS asked (run_id, stream, part)
JOIN facts ON facts.run_id = asked.run_id AND facts.stream = asked.stream
    AND asked.part = CASE facts.stream
        WHEN 'chunk.planned.v1' THEN lpad(facts.event ->> 'index', 5, '0')
        WHEN 'minutes.planned.v1' THEN facts.event ->> 'persona'
        ELSE ''
    END
ORDER BY asked.run_id, asked.stream, asked.part, facts.recorded_at DESC

-- name: folder
SELECT folder FROM runs WHERE id = $1

-- name: of_run
SELECT * FROM dead_letters WHERE workspace = $1 AND run_id = $2 ORDER BY recorded_at

-- name: successors
-- The runs that follow $1 and have taken over none of these units, newest first: $2 stages, $3 parts.
SELECT runs.id FROM runs
WHERE runs.origin_run_id = $1 AND runs.status <> 'cancelled' AND NOT EXISTS (
    SELECT FROM facts JOIN unnest($2::text[], $3::text[]) AS units (stage, part) USING (stage, part)
    WHERE facts.run_id = runs.id AND facts.worked_in IS NOT NULL
)
ORDER BY runs.created_at DESC

-- name: retried_by
SELECT dismissals.retry_run_id, facts.run_id, runs.meeting_id, runs.sample_id
FROM facts
JOIN runs ON runs.id = facts.run_id
JOIN dismissals ON dismissals.run_id = coalesce(facts.worked_in, facts.run_id)
    AND dismissals.stage = facts.stage AND dismissals.part = facts.part
WHERE runs.workspace = $1 AND facts.run_id = $2 AND facts.stage = $3 AND facts.part = $4 AND facts.position = 0
    AND dismissals.retry_run_id IS NOT NULL
