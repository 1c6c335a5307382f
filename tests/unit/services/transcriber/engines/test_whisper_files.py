import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from faster_whisper import available_models

from libs.common.errors import InvalidSettings
from services.transcriber.engines.whisper_files import find_model, repository_of
from tests.unit.services.transcriber.engines.hub import COMMIT, REPOSITORY, WEIGHTS, Hub, running_hub

FIND = """
import sys
from libs.common.errors import PipelineError
from libs.common.telemetry import configure_logs
from services.transcriber.engines.whisper_files import find_model
configure_logs("transcriber", level="info", style="json", stream=sys.stderr)
try:
    found = find_model(sys.argv[1], token=sys.argv[2] or None)
except PipelineError as error:
    sys.exit(f"{error.code}: {error.message}")
print(found.folder, found.name, found.revision, sep="\\n")
"""


@dataclass(frozen=True)
class Finding:
    """What came of looking for a model."""

    found: list[str]
    """Folder, name and revision."""

    refusal: str
    logged: list[dict[str, object]]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        yield hub


def _find(hub: Hub, cache: Path, *, model: str = "small", token: str = "", **environment: str) -> Finding:
    """In a process of its own: the hub's client reads its settings when it is imported."""
    known = {"PYTHONPATH": str(Path.cwd()), "HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(cache), "HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", FIND, model, token],
        env={**known, "HF_HUB_DISABLE_XET": "1", **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    lines = done.stderr.splitlines()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    refusal = "\n".join(line for line in lines if not line.startswith("{")) if done.returncode else ""
    return Finding(found=done.stdout.splitlines(), refusal=refusal, logged=logged)


def test_a_model_of_the_hub_is_fetched_with_its_progress_and_verified(hub: Hub, tmp_path: Path) -> None:
    finding = _find(hub, tmp_path)

    folder, name, revision = finding.found
    assert (name, revision) == (REPOSITORY, COMMIT)
    assert (Path(folder) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert "README.md" not in hub.downloads
    shown = [(line["percent"], line["bytes"]) for line in finding.logged if line["message"] == "fetching"]
    assert shown[-1] == (100, sum(len(content) for name, content in hub.files.items() if name != "README.md"))
    assert finding.logged[-1]["message"] == "model fetched and verified"


def test_a_model_that_was_fetched_is_taken_without_asking_the_hub(hub: Hub, tmp_path: Path) -> None:
    fetched = _find(hub, tmp_path)
    hub.downloads.clear()

    again = _find(hub, tmp_path, HF_ENDPOINT="http://127.0.0.1:9")

    assert again.found == fetched.found
    assert hub.downloads == []


def test_a_download_that_is_cut_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    hub.cuts = 1

    folder, *_ = _find(hub, tmp_path).found

    assert hub.downloads.count(WEIGHTS) == 2
    assert (Path(folder) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_a_download_that_fails_says_how_to_fetch_the_model_by_hand(hub: Hub, tmp_path: Path) -> None:
    hub.cuts, hub.is_down_after_cut = 1, True

    finding = _find(hub, tmp_path)

    assert finding.found == []
    assert f"engine_unavailable: the Whisper model {REPOSITORY} cannot be fetched" in finding.refusal
    assert "broke off" in finding.refusal
    assert f"hf download {REPOSITORY} --local-dir" in finding.refusal
    assert "WHISPER_MODEL=/" in finding.refusal


def test_weights_that_are_not_what_the_hub_states_are_refused_and_removed(hub: Hub, tmp_path: Path) -> None:
    hub.sent[WEIGHTS] = hub.files[WEIGHTS][:-1] + b"?"

    refused = _find(hub, tmp_path)
    left = list(tmp_path.rglob(WEIGHTS))
    hub.sent.clear()
    mended = _find(hub, tmp_path)

    assert refused.refusal.startswith("engine_unavailable: ")
    assert f"not what the hub states ({WEIGHTS}" in refused.refusal
    assert "hf download" in refused.refusal
    assert left == []
    assert mended.found[1:] == [REPOSITORY, COMMIT]


def test_a_file_that_was_damaged_in_the_cache_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    folder, *_ = _find(hub, tmp_path).found
    hub.downloads.clear()
    (Path(folder) / "vocabulary.txt").resolve().write_bytes(b"a\nc\n")

    again = _find(hub, tmp_path)

    assert again.found[0] == folder
    assert hub.downloads == ["vocabulary.txt"]
    assert (Path(folder) / "vocabulary.txt").read_bytes() == hub.files["vocabulary.txt"]


def test_a_model_that_needs_a_token_is_fetched_with_it(hub: Hub, tmp_path: Path) -> None:
    hub.token = "hf_secret"

    without = _find(hub, tmp_path)
    with_token = _find(hub, tmp_path, token="hf_secret")

    assert without.refusal.startswith("invalid_settings: ")
    assert "HUGGINGFACE_TOKEN" in without.refusal
    assert with_token.found[1:] == [REPOSITORY, COMMIT]


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(403, "invalid_settings", "the hub refuses it (403)"), (503, "engine_unavailable", "Service Unavailable")],
)
def test_a_hub_that_answers_is_not_taken_for_one_that_is_silent(
    status: int, code: str, said: str, hub: Hub, tmp_path: Path
) -> None:
    hub.token, hub.refusal = "hf_secret", status

    finding = _find(hub, tmp_path)

    assert finding.refusal.startswith(f"{code}: ")
    assert said in finding.refusal
    assert "does not answer" not in finding.refusal


@pytest.mark.parametrize(
    ("model", "environment", "code", "said"),
    [
        ("tiny", {}, "invalid_settings", "mind its name"),
        ("small", {"HF_HUB_OFFLINE": "1"}, "invalid_settings", "HF_HUB_OFFLINE is set"),
        ("small", {"HF_ENDPOINT": "http://127.0.0.1:9"}, "engine_unavailable", "http://127.0.0.1:9 does not answer"),
    ],
    ids=["unknown", "offline", "refused"],
)
def test_each_refusal_has_its_reason_and_a_code_that_says_whether_another_start_may_help(
    model: str, environment: dict[str, str], code: str, said: str, hub: Hub, tmp_path: Path
) -> None:
    finding = _find(hub, tmp_path, model=model, **environment)

    assert finding.found == []
    assert finding.refusal.startswith(f"{code}: ")
    assert said in finding.refusal
    assert "hf download" in finding.refusal


def test_a_repository_without_a_converted_model_says_how_to_convert_it(hub: Hub, tmp_path: Path) -> None:
    del hub.files[WEIGHTS]

    assert "ct2-transformers-converter" in _find(hub, tmp_path).refusal


def test_every_name_of_faster_whisper_means_a_repository() -> None:
    assert all("/" in repository_of(name) for name in available_models())
    assert repository_of("somebody/some-model") == "somebody/some-model"


def test_a_name_that_nobody_knows_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidSettings, match="large-v3"):
        find_model("smoll")


def test_a_folder_is_named_by_the_digest_of_its_weights(tmp_path: Path) -> None:
    folder = tmp_path / "our-model"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        (folder / name).write_text("{}")
    revisions = []
    for weights in (b"one", b"two", b"one"):
        (folder / WEIGHTS).write_bytes(weights)
        revisions.append(find_model(str(folder)).revision)

    assert find_model(str(folder)).name == "our-model"
    assert revisions[0] == revisions[2] != revisions[1]


@pytest.mark.parametrize("missing", ["config.json", "model.bin", "tokenizer.json", "vocabulary.json"])
def test_a_folder_that_lacks_a_file_is_refused_by_its_name(missing: str, tmp_path: Path) -> None:
    for name in {"config.json", "model.bin", "tokenizer.json", "vocabulary.json"} - {missing}:
        (tmp_path / name).write_text("{}")

    with pytest.raises(InvalidSettings, match=f"lacks {missing}"):
        find_model(str(tmp_path))
