-- So many meetings that have ended, a second apart, each with the facts of a run of one chunk.
SET session_replication_role = replica; -- the references are right, and are not checked row by row

CREATE TEMPORARY TABLE made AS
SELECT number, gen_random_uuid() AS meeting_id, gen_random_uuid() AS run_id,
       now() - make_interval(secs => number + 3600) AS at
FROM generate_series(1, %(meetings)s) AS number;

INSERT INTO meetings (id, workspace, title, filename, upload_key, size_bytes, current_run_id, created_at)
SELECT meeting_id, 'default', 'Weekly planning ' || number, 'weekly.wav', 'meetings/' || meeting_id || '/upload',
       10485760, run_id, at
FROM made;

INSERT INTO runs (id, workspace, meeting_id, folder, status, version, created_at, ended_at, swept_at)
SELECT run_id, 'default', meeting_id, 'meetings/' || meeting_id || '/' || run_id, 'completed', 9, at, at, at FROM made;

INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report, entry_id, recorded_at)
SELECT run_id, unit.stage, unit.part, 0, unit.siblings, unit.stream,
       jsonb_build_object(
           'workspace', 'default', 'run_id', run_id, 'meeting_id', meeting_id, 'request_key', 'r',
           'upload_key', 'u', 'audio_key', 'a', 'duration', 1800, 'turns_key', 't', 'speakers_key', 's',
           'words_key', 'w', 'transcript_key', 't', 'language', 'en', 'personas', jsonb_build_array('executive'),
           'persona', 'executive', 'minutes_key', 'm', 'index', 0, 'num_chunks', 1,
           'segment', jsonb_build_object('start', 0, 'end', 1800)
       ),
       jsonb_build_object('started_at', at, 'seconds', 2.5, 'attempts', 1), '1-1', at
FROM made, (
    VALUES ('accept', '', 1, 'meeting.accepted.v1'), ('normalize', '', 1, 'audio.normalized.v1'),
           ('diarize', '', 1, 'speech.diarized.v1'), ('match', '', 1, 'speakers.matched.v1'),
           ('plan', '', 1, 'chunk.planned.v1'), ('transcribe', '00000', 1, 'chunk.transcribed.v1'),
           ('assemble', '', 2, 'transcript.assembled.v1'), ('summarize', 'executive', 1, 'minutes.written.v1')
) AS unit (stage, part, siblings, stream);

SET session_replication_role = origin;
ANALYZE;
