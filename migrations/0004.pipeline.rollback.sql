DROP VIEW dead_letters;
DROP STATISTICS facts_with_error_code, facts_with_given_up;
DROP INDEX facts_given_up, facts_by_time;
DROP TABLE dismissals, put_backs;
