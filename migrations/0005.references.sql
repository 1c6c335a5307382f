-- Runs before the new code.
-- depends: 0004.pipeline

-- Whoever deletes a run or a speaker looks for the rows that refer to it, in each table that may have some.
CREATE INDEX meetings_by_current_run ON meetings (current_run_id);
CREATE INDEX dismissals_by_retry ON dismissals (retry_run_id) WHERE retry_run_id IS NOT NULL;
CREATE INDEX voiceprints_by_speaker ON voiceprints (speaker_id);
