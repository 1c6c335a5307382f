"""The commands that make, list and revoke keys, and the key that `migrate` stores."""

import json
import os
import subprocess
import sys

import psycopg
import pytest

from libs.common.service import REFUSED
from services.gateway.keys.commands import WRONG_USAGE, keys
from services.gateway.keys.key import is_key, new_key, prefix

NOBODY = "postgresql://nobody@127.0.0.1:1/none"


def created(postgres_url: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert keys(["create", "for a test", *options], postgres_url) == 0
    return capsys.readouterr().out.strip()


def listed(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert keys(["list"], postgres_url) == 0
    return capsys.readouterr().out.splitlines()[1:]


def migrate(postgres_url: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.gateway", "migrate"],
        env={**os.environ, "POSTGRES_URL": postgres_url, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_only_the_key_goes_where_a_pipe_reads_it(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert keys(["create", "for a test"], postgres_url) == 0
    said = capsys.readouterr()
    assert is_key(said.out.removesuffix("\n"))
    assert said.out.strip() not in said.err
    assert "HANSARD_API_KEY" in said.err


def test_a_workspace_begins_with_its_first_key(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        created(postgres_url, capsys, "--workspace", "sales")
    with psycopg.connect(postgres_url) as database:
        assert database.execute("SELECT id FROM workspaces ORDER BY id").fetchall() == [("default",), ("sales",)]


def test_the_list_shows_how_keys_begin_and_what_became_of_them(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = created(postgres_url, capsys), created(postgres_url, capsys, "--expires-in", "30")
    assert keys(["revoke", prefix(first)], postgres_url) == 0
    capsys.readouterr()
    lines = listed(postgres_url, capsys)
    assert [line.split()[1] for line in lines] == [prefix(first), prefix(second)]
    assert [line.split()[-1] for line in lines] == ["revoked", "active"]
    assert first not in "".join(lines)


def test_a_key_is_revoked_by_its_id_and_again_is_no_error(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    created(postgres_url, capsys)
    key_id = listed(postgres_url, capsys)[0].split()[0]
    assert [keys(["revoke", key_id], postgres_url) for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    "arguments",
    [["revoke", "hsk_nobody00"], ["create", ""], ["create", "a\nb"], ["create", "a", "--workspace", "../b"]],
)
def test_what_cannot_be_meant_is_wrong_usage(
    postgres_url: str, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert keys(arguments, postgres_url) == WRONG_USAGE
    assert capsys.readouterr().err.startswith("keys: ")


@pytest.mark.parametrize("arguments", [["make"], ["create"], ["create", "a", "--expires-in", "0"], ["revoke"]])
def test_what_cannot_be_read_is_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        keys(arguments, NOBODY)
    assert end.value.code == WRONG_USAGE


def test_without_a_command_it_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert keys([], NOBODY) == 0
    said = capsys.readouterr().out
    assert [one for one in ("create", "list", "revoke") if one not in said] == []


def test_a_database_that_cannot_be_used_is_said_in_one_line(
    empty_postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [keys(["list"], one) for one in (NOBODY, empty_postgres_url)] == [1, 1]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].endswith("; start Postgres, or set POSTGRES_URL to where it is")
    assert "migrate" in said[1]


def test_a_time_that_is_no_number_of_days_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        keys(["create", "x", "--expires-in", "abc"], NOBODY)
    assert end.value.code == WRONG_USAGE
    assert capsys.readouterr().err.endswith("argument --expires-in: 'abc' is no number of days\n")


def test_migrate_stores_the_key_that_the_platform_made_up_once(
    empty_postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = new_key()
    runs = [migrate(empty_postgres_url, HANSARD_API_KEY=key) for _ in range(2)]
    assert [one.returncode for one in runs] == [0, 0]
    said = [json.loads(line) for line in runs[1].stdout.splitlines()]
    assert said[-1]["prefix"] == prefix(key)
    assert key not in "".join(one.stdout + one.stderr for one in runs)
    assert [line.split()[1] for line in listed(empty_postgres_url, capsys)] == [prefix(key)]


def test_migrate_refuses_a_weak_key_before_it_does_anything(empty_postgres_url: str) -> None:
    run = migrate(empty_postgres_url, HANSARD_API_KEY="correct-horse")
    assert run.returncode == REFUSED
    assert "HANSARD_API_KEY" in run.stderr
    assert "correct-horse" not in run.stdout + run.stderr
    with psycopg.connect(empty_postgres_url) as database:
        assert database.execute("SELECT FROM pg_tables WHERE schemaname = 'public'").fetchall() == []


def test_migrate_says_in_one_line_that_postgres_does_not_answer() -> None:
    run = migrate(NOBODY)
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert "POSTGRES_URL" in run.stderr
