DROP TABLE idempotency_keys, uploads, erasures, gallery_jobs, labels, outbox, facts, voiceprints CASCADE;
DROP TABLE runs, meetings, samples, speakers, workspaces CASCADE;
