DROP VIEW dead_letters;
DROP INDEX facts_given_up, facts_by_time;
DROP TABLE dismissals, put_backs;
