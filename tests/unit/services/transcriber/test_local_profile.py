import subprocess
import sys
import time
from pathlib import Path

import pytest

FILES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
CHOOSE = """
import sys
from services.transcriber.local_profile import choose_local_engine
choice = choose_local_engine(sys.argv[1])
print(choice.engine, choice.reason, sep="\\n")
"""


def _choose(model: str, **environment: str) -> tuple[str, str]:
    """In a process of its own: the hub's client reads its settings when it is imported."""
    done = subprocess.run(
        [sys.executable, "-c", CHOOSE, model],
        env={"PYTHONPATH": str(Path.cwd()), **environment},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    engine, reason = done.stdout.splitlines()
    return engine, reason


def test_a_model_on_the_disk_is_used(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).touch()

    engine, reason = _choose(str(tmp_path), HF_HUB_OFFLINE="1")

    assert engine == "faster-whisper"
    assert str(tmp_path) in reason


def test_a_model_in_the_cache_is_used_without_asking_the_hub(tmp_path: Path) -> None:
    revision = tmp_path / "models--Systran--faster-whisper-tiny" / "snapshots" / "abc"
    revision.mkdir(parents=True)
    (revision.parents[1] / "refs").mkdir()
    (revision.parents[1] / "refs" / "main").write_text("abc")
    for name in FILES:
        (revision / name).touch()

    assert _choose("tiny", HF_HUB_CACHE=str(tmp_path), HF_HUB_OFFLINE="1")[0] == "faster-whisper"


@pytest.mark.parametrize(
    ("environment", "because"),
    [
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "http://127.0.0.1:9 does not answer"),
        ({"HF_ENDPOINT": "http://192.0.2.1"}, "http://192.0.2.1 does not answer"),
    ],
    ids=["offline", "refused", "silent"],
)
def test_without_model_and_hub_pocketsphinx_is_taken_soon(
    environment: dict[str, str], because: str, tmp_path: Path
) -> None:
    begin = time.monotonic()

    engine, reason = _choose("small", HF_HUB_CACHE=str(tmp_path), **environment)

    assert engine == "pocketsphinx"
    assert because in reason
    assert time.monotonic() - begin < 20.0


def test_a_folder_with_half_a_model_is_said_to_be_incomplete(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()

    engine, reason = _choose(str(tmp_path))

    assert engine == "pocketsphinx"
    assert f"{tmp_path} lacks config.json, tokenizer.json" in reason
