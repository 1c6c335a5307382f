"""Where the files of a pipeline are, for every way in which a config can say it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.common.errors import InvalidSettings
from services.diarizer.engines.pyannote.files import find_pipeline
from services.diarizer.engines.pyannote.hub import Hub
from tests.unit.services.diarizer.pyannote.hub import COMMIT, FakeHub, Repository, running_hub

KIND = "pyannote.audio.pipelines.SpeakerDiarization"
MODEL = "pytorch_model.bin"
HERE = {"segmentation": "$model/segmentation", "embedding": "$model/embedding", "plda": "$model/plda"}
SIMPLE = {"clustering": "AgglomerativeClustering"}
NO_HUB = Hub(None, endpoint="http://127.0.0.1:9")
"""Nobody listens there."""


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with running_hub() as hub:
        yield hub


def client(hub: FakeHub, tmp_path: Path) -> Hub:
    return Hub(None, endpoint=hub.url, cache=tmp_path / "cache")


def config(*, kind: str = KIND, **parameters: Any) -> bytes:
    return yaml.safe_dump({"pipeline": {"name": kind, "params": parameters}, "params": {}}).encode()


def write(folder: Path, content: bytes, *, without: str = "") -> Path:
    files = {
        "config.yaml": content,
        f"segmentation/{MODEL}": b"segmentation",
        f"embedding/{MODEL}": b"embedding",
        "plda/xvec_transform.npz": b"",
        "plda/plda.npz": b"",
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name != without:
            path.write_bytes(data)
    return folder


def test_a_folder_holds_a_pipeline(tmp_path: Path) -> None:
    files = find_pipeline(str(write(tmp_path, config(**HERE))), None, NO_HUB)

    assert files.embedding.path == tmp_path / "embedding" / MODEL
    assert files.segmentation.path == tmp_path / "segmentation" / MODEL
    assert files.plda == tmp_path / "plda"


def test_a_yaml_file_names_the_same_pipeline(tmp_path: Path) -> None:
    folder = write(tmp_path, config(**HERE))

    assert find_pipeline(str(folder / "config.yaml"), None, NO_HUB) == find_pipeline(str(folder), None, NO_HUB)


def test_the_revision_of_a_local_model_is_its_content(tmp_path: Path) -> None:
    one = find_pipeline(str(write(tmp_path / "one", config(**HERE))), None, NO_HUB)
    copy = find_pipeline(str(write(tmp_path / "copy", config(**HERE))), None, NO_HUB)
    (tmp_path / "copy" / "embedding" / MODEL).write_bytes(b"trained longer")
    other = find_pipeline(str(tmp_path / "copy"), None, NO_HUB)

    assert one.embedding.id == copy.embedding.id
    assert one.embedding.id != other.embedding.id
    assert one.segmentation.id == other.segmentation.id


def test_a_local_model_is_named_by_its_folder_also_where_its_file_is_a_link(tmp_path: Path) -> None:
    folder = write(tmp_path / "snapshot", config(**HERE))
    blob = tmp_path / "blobs" / "0a1b"
    blob.parent.mkdir()
    (folder / "embedding" / MODEL).rename(blob)
    (folder / "embedding" / MODEL).symlink_to(blob)

    assert find_pipeline(str(folder), None, NO_HUB).embedding.name == "embedding"


def test_clustering_by_distance_needs_no_plda(tmp_path: Path) -> None:
    folder = write(tmp_path, config(**{**HERE, **SIMPLE}), without="plda/plda.npz")

    assert find_pipeline(str(folder), None, NO_HUB).plda is None


@pytest.mark.parametrize("name", ["config.yaml", f"segmentation/{MODEL}", f"embedding/{MODEL}", "plda/plda.npz"])
def test_a_folder_that_lacks_a_file_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, config(**HERE), without=name)

    with pytest.raises(InvalidSettings, match=f"{folder / name} is missing"):
        find_pipeline(str(folder), None, NO_HUB)


def test_models_are_fetched_from_where_the_config_says(hub: FakeHub, tmp_path: Path) -> None:
    said = {**SIMPLE, "segmentation": "one/segmentation", "embedding": f"one/voices@{COMMIT}"}
    hub.repositories = {
        "one/pipeline": Repository({"config.yaml": config(**said)}),
        "one/segmentation": Repository({MODEL: b"1"}),
        "one/voices": Repository({MODEL: b"2"}),
    }

    files = find_pipeline("one/pipeline", None, client(hub, tmp_path))

    assert files.pipeline.id == f"one/pipeline@{COMMIT}"
    assert files.segmentation.id == f"one/segmentation@{COMMIT}"
    assert files.embedding.id == f"one/voices@{COMMIT}"


def test_a_pipeline_of_the_hub_may_hold_its_models(hub: FakeHub, tmp_path: Path) -> None:
    hub.add("one/pipeline", write(tmp_path / "folder", config(**HERE)))

    files = find_pipeline("one/pipeline", COMMIT, client(hub, tmp_path))

    assert files.embedding.id == f"one/pipeline/embedding@{COMMIT}"
    assert files.plda is not None
    assert {path.name for path in files.plda.iterdir()} == {"xvec_transform.npz", "plda.npz"}
    assert {request.split("/")[3] for request in hub.requests} == {COMMIT}


def test_a_wrong_revision_refuses_the_pipeline(hub: FakeHub, tmp_path: Path) -> None:
    hub.repositories["one/pipeline"] = Repository({"config.yaml": config(**HERE)})

    with pytest.raises(InvalidSettings, match="has no revision v9"):
        find_pipeline("one/pipeline", "v9", client(hub, tmp_path))


def test_a_local_pipeline_has_no_revision(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="PYANNOTE_REVISION is for pipelines of the hub"):
        find_pipeline(str(write(tmp_path, config(**HERE))), "v1", NO_HUB)


@pytest.mark.parametrize("content", [b"", b"pipeline: 3", b"a: [", b"- 1", b"\xff\xfe\xfa"])
def test_what_describes_no_pipeline_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidSettings, match="describes no pipeline"):
        find_pipeline(str(write(tmp_path, content)), None, NO_HUB)


def test_a_pipeline_of_another_kind_is_refused(tmp_path: Path) -> None:
    cloud = config(kind="pyannote.audio.pipelines.pyannoteai.sdk.SDK")

    with pytest.raises(InvalidSettings, match=rf"runs {KIND} only"):
        find_pipeline(str(write(tmp_path, cloud)), None, NO_HUB)


def test_clustering_that_must_be_told_the_number_of_speakers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="KMeansClustering"):
        find_pipeline(str(write(tmp_path, config(**HERE, clustering="KMeansClustering"))), None, NO_HUB)
