import os
from pathlib import Path

import pytest

from services.transcriber.cores import usable_cores
from services.transcriber.settings import TranscriberSettings


def _allowed() -> int:
    return len(os.sched_getaffinity(0))


def test_without_a_quota_the_cores_that_the_process_may_run_on_count(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000\n")

    assert usable_cores(tmp_path) == usable_cores(tmp_path / "nothing") == _allowed()


@pytest.mark.parametrize(("quota", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("199000 100000", 1)])
def test_a_container_has_the_whole_cores_of_its_quota(quota: str, cores: int, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(quota)

    assert usable_cores(tmp_path) == cores


def test_the_old_kind_of_quota_counts_too(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("100000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")

    assert usable_cores(tmp_path) == 1


@pytest.mark.parametrize("slots", [1, 2, 3, 64])
def test_child_processes_together_ask_for_no_more_cores_than_there_are(slots: int) -> None:
    threads = TranscriberSettings(transcriber_slots=slots).threads_per_child

    assert threads == max(1, usable_cores() // slots)
    assert TranscriberSettings(transcriber_slots=slots, whisper_cpu_threads=7).threads_per_child == 7
