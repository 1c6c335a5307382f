"""Memory that runs out within torch: on the CPU, and as on a GPU, which stays broken until its process ends."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import torch

from libs.common.engine_process import ChildEngine
from libs.common.errors import EngineCrashed, EngineUnavailable
from libs.common.storage import ObjectStore
from services.diarizer.engines import Diarizer, load_engine
from services.diarizer.engines.pyannote.diarizer import PyannoteDiarizer
from tests.with_torch.diarizer.recordings import DER_BOUND, FREE, SHORT, error_rate, settings
from tests.work import RecordedWork


def load_short_of_memory(full: Path, model: str, is_on_gpu: bool) -> Diarizer:
    """The engine, one of whose models finds no memory while a file is there."""
    engine = load_engine(settings())
    assert isinstance(engine, PyannoteDiarizer)
    engine._is_on_gpu = is_on_gpu

    def allocate(*_: object) -> None:
        if full.exists():
            raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20.00 GiB.")

    models = {"segmentation": engine._pipeline._segmentation.model, "embedding": engine._pipeline._embedding.model_}
    models[model].register_forward_pre_hook(allocate)
    return engine


@pytest.fixture
def full(tmp_path: Path) -> Path:
    path = tmp_path / "full"
    path.touch()
    return path


@pytest.fixture(params=["segmentation", "embedding"])
async def on_cpu(full: Path, request: pytest.FixtureRequest) -> AsyncIterator[ChildEngine[Diarizer]]:
    child = ChildEngine(partial(load_short_of_memory, full, request.param, is_on_gpu=False))
    yield child
    await child.close()


@pytest.fixture(params=["segmentation", "embedding"])
async def on_gpu(full: Path, request: pytest.FixtureRequest) -> AsyncIterator[ChildEngine[Diarizer]]:
    child = ChildEngine(partial(load_short_of_memory, full, request.param, is_on_gpu=True))
    yield child
    await child.close()


async def test_too_little_memory_is_told_and_may_be_tried_again(
    on_cpu: ChildEngine[Diarizer], full: Path, store: ObjectStore
) -> None:
    with pytest.raises(EngineUnavailable, match="torch failed: "):
        await on_cpu.run(RecordedWork(store, "m1"), Diarizer.diarize, SHORT, FREE)
    full.unlink()  # noqa: ASYNC240 - the child looks for it

    speech = await on_cpu.run(RecordedWork(store, "m1"), Diarizer.diarize, SHORT, FREE)
    assert error_rate(SHORT, speech.turns) <= DER_BOUND


async def test_a_process_whose_gpu_failed_ends_and_the_next_one_starts_clean(
    on_gpu: ChildEngine[Diarizer], full: Path, store: ObjectStore
) -> None:
    with pytest.raises(EngineCrashed):
        await on_gpu.run(RecordedWork(store, "m1"), Diarizer.diarize, SHORT, FREE)
    full.unlink()  # noqa: ASYNC240 - the child looks for it

    speech = await on_gpu.run(RecordedWork(store, "m1"), Diarizer.diarize, SHORT, FREE)
    assert error_rate(SHORT, speech.turns) <= DER_BOUND
