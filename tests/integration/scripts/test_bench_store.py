"""Large objects pass through a process in little memory; `python -m scripts.bench_store` measures more of them."""

import math
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.common.storage_backend import part_bytes
from scripts.bench_store import WAYS, limit_bytes, measured
from tests.object_stores import RcloneServer, rclone_server

_SIZE_BYTES = 300_000_000
_LARGE_BYTES = 2_500_000_000
_FREE_BYTES = 6_000_000_000
"""On the disk before a large object is made: as much again is left for everything else that runs."""


@pytest.fixture(scope="module")
def environment(shared_rclone: RcloneServer) -> dict[str, str]:
    return dict(shared_rclone.new_bucket().environment)


@pytest.fixture
def large_store(tmp_path: Path) -> Iterator[RcloneServer]:
    """A server whose objects are gone after the test, not only after some later run."""
    if (free := shutil.disk_usage(tmp_path).free) < _FREE_BYTES:
        pytest.skip(f"{free / 1e9:.1f} GB of disk are free, {_FREE_BYTES / 1e9:.0f} GB are needed")
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder, rclone_server(Path(folder), is_verbose=True) as server:
        yield server


@pytest.mark.parametrize("way", WAYS)
def test_memory_stays_flat(environment: dict[str, str], tmp_path: Path, way: str) -> None:
    passage = measured(way, _SIZE_BYTES, environment, tmp_path)
    assert passage.grown_bytes < passage.limit_bytes < _SIZE_BYTES / 4


def test_gigabytes_are_sent_in_parts_and_in_as_little_memory(large_store: RcloneServer, tmp_path: Path) -> None:
    passage = measured("write", _LARGE_BYTES, large_store.new_bucket().environment, tmp_path)
    assert passage.size_bytes == _LARGE_BYTES
    assert passage.grown_bytes < passage.limit_bytes < _LARGE_BYTES / 40
    assert large_store.parts >= math.ceil(_LARGE_BYTES / part_bytes(_LARGE_BYTES))  # more, where one was sent again


def test_the_limit_does_not_follow_the_size() -> None:
    assert {limit_bytes("write", size) for size in (_SIZE_BYTES, 40_000_000_000)} == {limit_bytes("write", 0)}
