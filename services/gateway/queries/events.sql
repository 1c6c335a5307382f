-- name: has_speaker
SELECT EXISTS (SELECT FROM speakers WHERE workspace = $1 AND id = $2)

-- name: runs_of_speaker
SELECT runs.id FROM samples JOIN runs ON runs.sample_id = samples.id
WHERE samples.workspace = $1 AND samples.speaker_id = $2

-- name: begins
SELECT id, created_at FROM runs WHERE id = ANY ($1::uuid[])

-- name: facts
SELECT run_id, stage, part, position, stream, event, report, recorded_at, worked_in
FROM facts
WHERE run_id = ANY ($1::uuid[])
