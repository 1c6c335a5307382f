-- name: jobs
SELECT workspace, model, revision FROM gallery_jobs ORDER BY requested_at

-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('hansard.gallery.' || $1 || '/' || $2 || '@' || $3, 0))

-- name: job
SELECT requested_at FROM gallery_jobs WHERE workspace = $1 AND model = $2 AND revision = $3

-- name: voiceprints
SELECT voiceprints.sample_id, voiceprints.speaker_id, speakers.name, voiceprints.vector
FROM voiceprints
JOIN speakers ON speakers.id = voiceprints.speaker_id
WHERE voiceprints.workspace = $1 AND voiceprints.model = $2 AND voiceprints.revision = $3
ORDER BY voiceprints.speaker_id, voiceprints.sample_id

-- name: finish_job
DELETE FROM gallery_jobs WHERE workspace = $1 AND model = $2 AND revision = $3 AND requested_at = $4
