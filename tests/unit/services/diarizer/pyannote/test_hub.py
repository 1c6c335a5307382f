"""Files of the hub: what may be read is fetched once, and what may not says why and what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.common.errors import EngineUnavailable, InvalidSettings, PipelineError
from services.diarizer.engines.pyannote.hub import Hub
from tests.unit.services.diarizer.pyannote.hub import COMMIT, FakeHub, Repository, running_hub

PIPELINE = "pyannote/speaker-diarization-3.1"
SEGMENTATION = "pyannote/segmentation-3.0"
OPEN = "pyannote/wespeaker-voxceleb-resnet34-LM"


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with running_hub() as hub:
        hub.repositories = {
            PIPELINE: Repository({"config.yaml": b"pipeline:"}, is_gated=True),
            SEGMENTATION: Repository({"pytorch_model.bin": b"weights"}, is_gated=True),
            OPEN: Repository({"sub/pytorch_model.bin": b"weights"}),
        }
        hub.accepted = {"hf_stranger": set(), "hf_half": {PIPELINE}, "hf_friend": {PIPELINE, SEGMENTATION}}
        yield hub


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def failure(hub: FakeHub, cache: Path, token: str | None, name: str = PIPELINE, **more: str) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        Hub(token, endpoint=hub.url, cache=cache).file(name, more.get("file", "config.yaml"), more.get("revision"))
    return caught.value


def refusal(hub: FakeHub, cache: Path, token: str | None, name: str = PIPELINE, **more: str) -> str:
    """Why no start will help as it is set up."""
    error = failure(hub, cache, token, name, **more)
    assert isinstance(error, InvalidSettings)
    return error.message


def outage(hub: FakeHub, cache: Path, token: str | None) -> str:
    """Why another start may help."""
    error = failure(hub, cache, token)
    assert isinstance(error, EngineUnavailable)
    return error.message


def test_a_file_is_fetched_with_its_commit(hub: FakeHub, cache: Path) -> None:
    found = Hub("hf_friend", endpoint=hub.url, cache=cache).file(PIPELINE, "config.yaml")

    assert (found.path.read_bytes(), found.commit) == (b"pipeline:", COMMIT)


def test_the_commit_of_a_file_in_a_folder_is_that_of_its_repository(hub: FakeHub, cache: Path) -> None:
    assert Hub(None, endpoint=hub.url, cache=cache).file(OPEN, "sub/pytorch_model.bin").commit == COMMIT


@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_what_was_fetched_needs_neither_hub_nor_token_again(hub: FakeHub, cache: Path, revision: str | None) -> None:
    Hub("hf_friend", endpoint=hub.url, cache=cache).file(PIPELINE, "config.yaml")
    hub.requests.clear()

    found = Hub(None, endpoint=hub.url, cache=cache).file(PIPELINE, "config.yaml", revision)

    assert (found.commit, hub.requests) == (COMMIT, [])


def test_a_missing_token_names_where_to_accept_and_to_get_one(hub: FakeHub, cache: Path) -> None:
    text = refusal(hub, cache, None)

    assert "HUGGINGFACE_TOKEN is missing" in text
    for page in (PIPELINE, SEGMENTATION, "settings/tokens"):
        assert f"https://huggingface.co/{page}" in text


def test_a_wrong_token_is_said_to_be_wrong(hub: FakeHub, cache: Path) -> None:
    assert "does not accept HUGGINGFACE_TOKEN" in refusal(hub, cache, "hf_wrong")


def test_a_token_that_may_not_read_gated_repositories_says_so(hub: FakeHub, cache: Path) -> None:
    hub.accepted["hf_narrow"] = {PIPELINE}
    hub.narrow_tokens = {"hf_narrow"}

    assert "give it the right to read gated repositories" in refusal(hub, cache, "hf_narrow")


@pytest.mark.parametrize(
    ("token", "name", "file"),
    [("hf_stranger", PIPELINE, "config.yaml"), ("hf_half", SEGMENTATION, "pytorch_model.bin")],
)
def test_terms_that_are_not_accepted_name_both_pages(
    hub: FakeHub, cache: Path, token: str, name: str, file: str
) -> None:
    text = refusal(hub, cache, token, name, file=file)

    assert f"the terms of {name} are not accepted" in text
    assert f"https://huggingface.co/{PIPELINE} and https://huggingface.co/{SEGMENTATION}" in text


def test_a_wrong_revision_is_named(hub: FakeHub, cache: Path) -> None:
    text = refusal(hub, cache, "hf_friend", revision="v9")

    assert "has no revision v9" in text
    assert "PYANNOTE_REVISION" in text


def test_an_unknown_name_is_named(hub: FakeHub, cache: Path) -> None:
    assert "the hub knows no pyannote/nothing" in refusal(hub, cache, "hf_friend", "pyannote/nothing")


@pytest.mark.parametrize("name", ["two words/model", "one/two/three", "/does/not/exist"])
def test_what_cannot_be_a_name_is_said_to_be_none(hub: FakeHub, cache: Path, name: str) -> None:
    assert "neither a folder or file here nor a name on the hub" in refusal(hub, cache, None, name)


def test_a_repository_without_the_file_is_no_pipeline(hub: FakeHub, cache: Path) -> None:
    assert "is no pipeline or model of pyannote" in refusal(hub, cache, "hf_friend", OPEN)


def test_a_hub_that_is_out_of_order_says_how_to_do_without(hub: FakeHub, cache: Path) -> None:
    hub.is_out_of_order = True

    text = outage(hub, cache, "hf_friend")

    assert "503" in text
    assert f"hf download {PIPELINE}" in text


def test_a_download_that_breaks_off_says_how_to_do_without_and_leaves_no_half_file(hub: FakeHub, cache: Path) -> None:
    hub.cuts_downloads = True
    text = outage(hub, cache, "hf_friend")
    hub.cuts_downloads = False

    assert f"hf download {PIPELINE}" in text
    assert (
        Hub("hf_friend", endpoint=hub.url, cache=cache).file(PIPELINE, "config.yaml").path.read_bytes() == b"pipeline:"
    )


def test_a_hub_that_cannot_be_reached_says_how_to_do_without(cache: Path) -> None:
    with running_hub() as gone:
        pass

    text = outage(gone, cache, None)

    assert f"{PIPELINE} cannot be fetched" in text
    assert f"hf download {PIPELINE}" in text
