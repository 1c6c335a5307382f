-- name: chosen_speakers
-- $2: speakers, or NULL for all.
SELECT id FROM speakers WHERE workspace = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2)) ORDER BY id

-- name: lock_speaker
-- Whoever deletes the speaker, or starts runs of its samples too, waits, and then sees what was done; the projection
-- does not wait.
SELECT id FROM speakers WHERE workspace = $1 AND id = $2 FOR NO KEY UPDATE

-- name: count_other_models
-- Samples that have voiceprints, but none of the model $1, and of which that model has not failed to make one.
SELECT count(*) AS samples, count(DISTINCT workspace) AS workspaces
FROM (
    SELECT workspace FROM voiceprints
    GROUP BY workspace, sample_id
    HAVING NOT bool_or(replace(model || '@' || revision, '/', '--') = $1)
        AND NOT EXISTS (
            SELECT FROM runs JOIN facts ON facts.run_id = runs.id
            WHERE runs.sample_id = voiceprints.sample_id AND facts.stage = 'enroll'
                AND facts.stream = 'stage.failed.v1' AND facts.report #>> '{engine,models,embedding}' = $1
        )
) AS others

-- name: speakers_by_model
-- How many speakers had a voiceprint at $2: of each model, and in the row without a model of any.
SELECT replace(model || '@' || revision, '/', '--') AS model, count(DISTINCT speaker_id) AS speakers
FROM voiceprints
WHERE workspace = $1 AND created_at < $2
GROUP BY GROUPING SETS ((model, revision), ())
