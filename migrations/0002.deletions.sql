-- Runs before the new code.
-- depends: 0001.initial

-- A job stays until the object was seen equal to the voiceprints some time after it was written.
ALTER TABLE gallery_jobs ADD COLUMN written_at timestamptz;

-- Runs that workers must drop, for as long as their entries may be in Redis.
CREATE INDEX meetings_deleted ON meetings (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX runs_cancelled ON runs (ended_at) WHERE status = 'cancelled';
