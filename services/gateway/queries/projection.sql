-- name: lock_run
SELECT id, workspace, meeting_id, ended_at FROM runs WHERE id = $1 FOR UPDATE

-- name: is_deleted
-- A statement of its own: one that waited for the run would see the meeting as it was before it waited.
SELECT EXISTS (SELECT FROM meetings WHERE id = $1 AND deleted_at IS NOT NULL)

-- name: insert_fact
INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report, entry_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (run_id, stage, part, position) DO UPDATE SET entry_id = excluded.entry_id
RETURNING xmax = 0 AS is_new

-- name: facts_that_decide
SELECT stream, event FROM facts WHERE run_id = $1 AND stream NOT IN ('chunk.planned.v1', 'chunk.transcribed.v1')

-- name: touch_run
UPDATE runs SET version = version + 1 WHERE id = $1

-- name: update_run
UPDATE runs
SET version = version + 1,
    status = $2,
    error_code = $3,
    error_message = $4,
    error_stage = $5,
    ended_at = CASE WHEN $6 THEN now() END
WHERE id = $1

-- name: insert_label
INSERT INTO labels (run_id, label, speaker_id, embedding_key) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: lock_speakers_alive
SELECT id FROM speakers WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE

-- name: lock_speaker
SELECT id FROM speakers WHERE id = $1 AND workspace = $2 FOR KEY SHARE

-- name: insert_voiceprint
INSERT INTO voiceprints (sample_id, speaker_id, workspace, model, revision, vector)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (sample_id, model, revision) DO UPDATE SET vector = excluded.vector

-- name: set_speech_seconds
UPDATE samples SET speech_seconds = $2 WHERE id = $1

-- name: request_gallery
INSERT INTO gallery_jobs (workspace, model, revision) VALUES ($1, $2, $3)
ON CONFLICT (workspace, model, revision) DO UPDATE SET requested_at = clock_timestamp(), written_at = NULL
