-- name: jobs
SELECT workspace, model, revision FROM gallery_jobs ORDER BY requested_at

-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('hansard.gallery.' || $1 || '/' || $2 || '@' || $3, 0))

-- name: job
-- It is over when what was written $4 seconds ago is still there.
SELECT requested_at, written_at IS NOT NULL AS is_written,
       coalesce(written_at < clock_timestamp() - make_interval(secs => $4), false) AS is_over
FROM gallery_jobs WHERE workspace = $1 AND model = $2 AND revision = $3

-- name: voiceprints
SELECT voiceprints.sample_id, voiceprints.speaker_id, speakers.name, voiceprints.vector
FROM voiceprints
JOIN speakers ON speakers.id = voiceprints.speaker_id
WHERE voiceprints.workspace = $1 AND voiceprints.model = $2 AND voiceprints.revision = $3
ORDER BY voiceprints.speaker_id, voiceprints.sample_id

-- name: mark_written
UPDATE gallery_jobs SET written_at = clock_timestamp()
WHERE workspace = $1 AND model = $2 AND revision = $3 AND requested_at = $4

-- name: finish_job
DELETE FROM gallery_jobs WHERE workspace = $1 AND model = $2 AND revision = $3 AND requested_at = $4
