"""Migrations: once, by one process at a time, and also after a migration that was killed."""

import asyncio
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest

from libs.common.errors import InvalidSettings
from services.gateway import migrate


def _write(folder: Path, name: str, sql: str) -> None:
    (folder / f"{name}.sql").write_text(f"-- depends:\n{sql}")


def _wait_until_blocked(connection: psycopg.Connection, table: str) -> None:
    deadline = time.monotonic() + 60
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    while time.monotonic() < deadline:
        row = connection.execute(query, (table,)).fetchone()
        if row is not None and row[0]:
            return
    raise AssertionError("the migration did not reach the table in time")


def _tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        return {str(row[0]) for row in rows}


def test_a_second_start_finds_nothing_to_apply(empty_postgres_url: str) -> None:
    assert migrate.apply(empty_postgres_url) >= 1
    assert migrate.apply(empty_postgres_url) == 0
    assert "meetings" in _tables(empty_postgres_url)


@pytest.mark.parametrize("end", ["?patience=5", "?passfile=a b"])
def test_an_address_that_no_connection_can_have_is_refused(empty_postgres_url: str, end: str) -> None:
    with pytest.raises(InvalidSettings, match="POSTGRES_URL cannot be read"):
        migrate.apply(empty_postgres_url.partition("?")[0] + end)


def test_a_percent_sign_of_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(InvalidSettings, match="POSTGRES_URL cannot be read") as refused:
        migrate.apply("postgresql://nobody:can%ary@127.0.0.1:1/none")
    assert "can" not in refused.value.message.removeprefix("POSTGRES_URL cannot")
    assert refused.value.__suppress_context__


def test_rows_that_refer_to_a_deleted_one_are_found_by_an_index(empty_postgres_url: str) -> None:
    migrate.apply(empty_postgres_url)
    query = """
        SELECT conrelid::regclass::text, attname::text
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND confrelid <> 'workspaces'::regclass AND NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = attnum
        )
    """
    with psycopg.connect(empty_postgres_url) as connection:
        assert connection.execute(query).fetchall() == []


async def test_two_starts_at_once_apply_each_migration_once(empty_postgres_url: str, tmp_path: Path) -> None:
    _write(tmp_path, "0001.one", "CREATE TABLE one ()")
    _write(tmp_path, "0002.two", "CREATE TABLE two ()")
    counts = await asyncio.gather(
        *(asyncio.to_thread(migrate.apply, empty_postgres_url, tmp_path) for _ in range(4)),
    )
    assert sorted(counts) == [0, 0, 0, 2]


def test_the_start_after_a_killed_migration_works(empty_postgres_url: str, tmp_path: Path) -> None:
    _write(tmp_path, "0001.killed", "CREATE TABLE half (); LOCK TABLE gate; CREATE TABLE whole ();")
    script = textwrap.dedent("""
        import pathlib, sys
        from services.gateway import migrate
        migrate.apply(sys.argv[1], pathlib.Path(sys.argv[2]))
    """)
    with psycopg.connect(empty_postgres_url, autocommit=True) as observer:
        observer.execute("CREATE TABLE gate ()")
        with psycopg.connect(empty_postgres_url) as gatekeeper:
            gatekeeper.execute("LOCK TABLE gate")
            migration = subprocess.Popen([sys.executable, "-c", script, empty_postgres_url, str(tmp_path)])
            _wait_until_blocked(observer, "gate")
            migration.kill()
            migration.wait()

        assert migrate.apply(empty_postgres_url, tmp_path) == 1
    assert {"half", "whole"} <= _tables(empty_postgres_url)


def test_a_migration_that_fails_leaves_nothing_half_done(empty_postgres_url: str, tmp_path: Path) -> None:
    _write(tmp_path, "0001.wrong", "CREATE TABLE half (); SELECT 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate.apply(empty_postgres_url, tmp_path)
    assert "half" not in _tables(empty_postgres_url)

    _write(tmp_path, "0001.wrong", "CREATE TABLE half ();")
    assert migrate.apply(empty_postgres_url, tmp_path) == 1


def test_a_lock_that_a_killed_start_left_behind_is_removed(empty_postgres_url: str) -> None:
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("CREATE TABLE yoyo_lock (locked int PRIMARY KEY, ctime timestamp, pid int NOT NULL)")
        connection.execute("INSERT INTO yoyo_lock VALUES (1, now(), 1)")
    assert migrate.apply(empty_postgres_url) >= 1
