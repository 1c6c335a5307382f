DROP INDEX runs_cancelled, meetings_deleted;
ALTER TABLE gallery_jobs DROP COLUMN written_at;
