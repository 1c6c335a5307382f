"""Large objects pass through a process in little memory; `python -m scripts.bench_store` measures several GB."""

from pathlib import Path

import pytest

from scripts.bench_store import WAYS, limit_bytes, measured
from tests.object_stores import RcloneServer

_SIZE_BYTES = 300_000_000


@pytest.fixture(scope="module")
def environment(shared_rclone: RcloneServer) -> dict[str, str]:
    return dict(shared_rclone.new_bucket().environment)


@pytest.mark.parametrize("way", WAYS)
def test_memory_stays_flat(environment: dict[str, str], tmp_path: Path, way: str) -> None:
    passage = measured(way, _SIZE_BYTES, environment, tmp_path)
    assert passage.grown_bytes < passage.limit_bytes < _SIZE_BYTES / 4


def test_the_limit_does_not_follow_the_size() -> None:
    assert {limit_bytes("write", size) for size in (_SIZE_BYTES, 40_000_000_000)} == {limit_bytes("write", 0)}
