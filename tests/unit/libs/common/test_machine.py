import os
from pathlib import Path

import pytest

from libs.common.machine import processor_name, usable_cores, usable_memory_bytes


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


def test_a_containers_limit_counts_as_memory(tmp_path: Path) -> None:
    without = usable_memory_bytes(tmp_path)
    (tmp_path / "memory.max").write_text("1073741824\n")
    limited = usable_memory_bytes(tmp_path)
    (tmp_path / "memory.max").write_text("max\n")

    assert (limited, usable_memory_bytes(tmp_path)) == (2**30, without)


def test_the_processor_is_named_as_the_kernel_does(tmp_path: Path) -> None:
    description = tmp_path / "cpuinfo"
    description.write_text("processor\t: 0\nmodel name\t: Example 9000 @ 3.00GHz\nmodel name\t: another\n")

    assert processor_name(description) == "Example 9000 @ 3.00GHz"
    assert processor_name(tmp_path / "nothing")
