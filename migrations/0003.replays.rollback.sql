ALTER TABLE outbox DROP COLUMN part, DROP COLUMN stage;
ALTER TABLE facts DROP COLUMN worked_in;
ALTER TABLE runs DROP COLUMN becomes_current, DROP COLUMN from_stage, DROP COLUMN origin_run_id;
