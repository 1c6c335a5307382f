-- name: find_or_insert_speaker
INSERT INTO speakers (id, workspace, name) VALUES ($1, $2, $3)
ON CONFLICT (workspace, lower(name)) DO UPDATE SET name = speakers.name
RETURNING id, name

-- name: insert_sample
INSERT INTO samples (id, workspace, speaker_id, filename, upload_key, size_bytes, consent, consented_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $7::text IS NOT NULL THEN now() END)

-- name: list_speakers
SELECT id, name, created_at
FROM speakers
WHERE workspace = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
ORDER BY created_at DESC, id DESC
LIMIT $4

-- name: find_speaker
SELECT id, name, created_at FROM speakers WHERE workspace = $1 AND id = $2

-- name: samples_of_speakers
-- $2: the embedding model in use, or NULL.
SELECT samples.id, samples.speaker_id, samples.filename, samples.speech_seconds, samples.created_at,
       runs.status AS run_status, runs.error_code, runs.error_message, runs.error_stage,
       ARRAY (
           SELECT replace(model || '@' || revision, '/', '--') FROM voiceprints
           WHERE sample_id = samples.id
           ORDER BY created_at, model, revision
       ) AS models,
       EXISTS (SELECT FROM runs WHERE sample_id = samples.id AND ended_at IS NULL) AS is_under_way,
       EXISTS (
           SELECT FROM runs JOIN facts ON facts.run_id = runs.id
           WHERE runs.sample_id = samples.id AND facts.stage = 'enroll' AND facts.stream = 'stage.failed.v1'
               AND facts.report #>> '{engine,models,embedding}' = $2
       ) AS has_failed,
       (
           SELECT runs.id FROM runs JOIN facts ON facts.run_id = runs.id
           WHERE runs.sample_id = samples.id AND facts.stream = 'sample.normalized.v1'
           ORDER BY runs.created_at DESC
           LIMIT 1
       ) AS normalized_in
FROM samples
JOIN LATERAL (
    SELECT status, error_code, error_message, error_stage FROM runs WHERE sample_id = samples.id ORDER BY created_at DESC LIMIT 1
) AS runs ON true
WHERE samples.speaker_id = ANY ($1::uuid[])
ORDER BY samples.created_at, samples.id

-- name: lock_speaker
SELECT id FROM speakers WHERE workspace = $1 AND id = $2 FOR UPDATE

-- name: lock_runs_of_speaker
-- In the reconciler's order; the cascade of the deletion has none.
SELECT runs.id FROM runs JOIN samples ON samples.id = runs.sample_id
WHERE samples.speaker_id = $1
ORDER BY runs.id
FOR UPDATE OF runs

-- name: request_galleries
INSERT INTO gallery_jobs (workspace, model, revision)
SELECT DISTINCT workspace, model, revision FROM voiceprints WHERE speaker_id = $1
ON CONFLICT (workspace, model, revision) DO UPDATE SET requested_at = clock_timestamp(), written_at = NULL
RETURNING model, revision

-- name: count_voiceprints
SELECT count(*) FROM voiceprints WHERE speaker_id = $1

-- name: sample_ids
SELECT id FROM samples WHERE speaker_id = $1

-- name: forget_embeddings
WITH matched AS (
    SELECT labels.run_id, labels.label, labels.embedding_key
    FROM labels JOIN runs ON runs.id = labels.run_id
    WHERE labels.speaker_id = $1 AND runs.workspace = $2 AND labels.embedding_key IS NOT NULL
    FOR UPDATE OF labels
)
UPDATE labels SET embedding_key = NULL
FROM matched
WHERE labels.run_id = matched.run_id AND labels.label = matched.label
RETURNING matched.embedding_key

-- name: delete_speaker
DELETE FROM speakers WHERE id = $1 RETURNING now()
