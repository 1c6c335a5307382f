"""A pipeline by name: fetched from a hub with a token, or refused before anything starts."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from libs.common.engine_process import ChildEngine
from libs.common.errors import InvalidSettings
from libs.common.storage import ObjectStore
from services.diarizer.engines import Diarizer, load_engine
from tests.unit.services.diarizer.pyannote.hub import COMMIT, FakeHub, Repository, running_hub
from tests.with_torch.diarizer.recordings import DER_BOUND, FREE, PIPELINE, SHORT, error_rate, settings
from tests.work import RecordedWork

NAME = "pyannote/speaker-diarization-3.1"
SEGMENTATION = "pyannote/segmentation-3.0"
EMBEDDING = "pyannote/wespeaker-voxceleb-resnet34-LM"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub that has the small pipeline laid out as the published one; children read its address when they start."""
    config = (PIPELINE / "config.yaml").read_text()
    for said, repository in (("segmentation", SEGMENTATION), ("embedding", EMBEDDING)):
        config = config.replace(f"$model/{said}", repository)
    config = config.replace("    plda: $model/plda\n", "")
    with running_hub() as hub:
        hub.repositories[NAME] = Repository({"config.yaml": config.encode()}, is_gated=True)
        hub.add(SEGMENTATION, PIPELINE / "segmentation", is_gated=True)
        hub.add(EMBEDDING, PIPELINE / "embedding")
        hub.accepted = {"hf_friend": {NAME, SEGMENTATION}, "hf_half": {NAME}}
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        yield hub


@pytest.fixture
async def engines() -> AsyncIterator[list[ChildEngine[Diarizer]]]:
    started: list[ChildEngine[Diarizer]] = []
    yield started
    for one in started:
        await one.close()


def by_name(engines: list[ChildEngine[Diarizer]], token: str | None) -> ChildEngine[Diarizer]:
    chosen = settings(pyannote_pipeline=NAME, huggingface_token=token)
    engines.append(ChildEngine(partial(load_engine, chosen)))
    return engines[-1]


async def test_a_pipeline_by_name_is_fetched_and_works_and_stays_when_the_hub_is_gone(
    hub: FakeHub, engines: list[ChildEngine[Diarizer]], store: ObjectStore
) -> None:
    info = await by_name(engines, "hf_friend").start()
    hub.is_out_of_order = True
    speech = await by_name(engines, None).run(RecordedWork(store, "m1"), Diarizer.diarize, SHORT, FREE)

    assert error_rate(SHORT, speech.turns) <= DER_BOUND
    assert (speech.model.name, speech.model.revision) == (EMBEDDING, COMMIT)
    assert info.models["pipeline"] == f"{NAME}@{COMMIT}"
    assert {request.partition("/resolve/")[0] for request in hub.requests} == {NAME, SEGMENTATION, EMBEDDING}


async def test_terms_of_a_model_that_are_not_accepted_refuse_the_start(
    hub: FakeHub, engines: list[ChildEngine[Diarizer]]
) -> None:
    with pytest.raises(InvalidSettings, match=f"the terms of {SEGMENTATION} are not accepted"):
        await by_name(engines, "hf_half").start()
