"""What the doctor sees of an object store, and that it leaves nothing behind."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from libs.common.doctor.checking import examined
from libs.common.doctor.finding import Finding
from libs.common.doctor.machine import Needs, disk_finding, machine_check
from libs.common.doctor.store import store_check
from tests.object_stores import RcloneServer, rclone_server


async def found(url: str) -> Mapping[str, Finding]:
    return {one.subject: one for one in await examined([store_check(url)])}


def left_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


async def test_a_folder_is_in_order_and_stays_as_it_was(tmp_path: Path) -> None:
    findings = await found(tmp_path.as_uri())
    assert {one.level for one in findings.values()} == {"ok"}
    assert set(findings) == {"object store disk", "object store", "put-if-absent"}
    assert left_in(tmp_path) == []


async def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    findings = await found((tmp_path / "deep" / "objects").as_uri())
    assert findings["object store"].level == "warning"
    assert left_in(tmp_path) == []


async def test_a_folder_that_no_service_would_take_is_a_problem() -> None:
    (finding,) = (await found("file://folder/objects")).values()
    assert finding.level == "problem"
    assert "by its whole path" in finding.what


@pytest.fixture
def rclone(tmp_path: Path) -> Iterator[RcloneServer]:
    with rclone_server(tmp_path) as server:
        yield server


async def test_a_store_that_ignores_put_if_absent_is_found_out(
    rclone: RcloneServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = rclone.new_bucket()
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    findings = await found(bucket.environment["OBJECT_STORE_URL"])
    assert findings["put-if-absent"].level == "problem"
    assert "If-None-Match" in findings["put-if-absent"].cure
    assert [one for one in left_in(rclone.folder) if one.is_file()] == []


async def test_a_store_that_refuses_the_keys_is_a_problem(
    rclone: RcloneServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = rclone.new_bucket()
    for name, value in {**bucket.environment, "AWS_SECRET_ACCESS_KEY": "wrong"}.items():
        monkeypatch.setenv(name, value)
    refused = await found(bucket.environment["OBJECT_STORE_URL"])
    assert refused["object store"].level == "problem"


def test_a_disk_that_fills_up_is_said_in_time(tmp_path: Path) -> None:
    levels = [disk_finding("disk", tmp_path, free, 1000).level for free in (2000, 500, 50)]
    assert levels == ["ok", "warning", "problem"]


async def test_a_machine_that_is_too_small_is_warned_of() -> None:
    findings = {one.subject: one for one in await examined([machine_check(Needs(memory_bytes=2**60, cores=10_000))])}
    assert findings["memory"].level == findings["cores"].level == "warning"
