import os
import pickle
from pathlib import Path

import pytest

from libs.common.errors import InvalidSettings
from services.diarizer.torch_checkpoint import read_tensors
from services.diarizer.voice_encoder import DIMENSION, weights_path

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C


class _Command:
    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self._command,)


def test_reads_the_weights_of_the_voice_encoder() -> None:
    weights = read_tensors(weights_path(), "model_state")

    assert weights["lstm.weight_ih_l0"].shape == (4 * DIMENSION, 40)
    assert weights["linear.weight"].shape == (DIMENSION, DIMENSION)
    assert 0.01 < float(weights["linear.weight"].std()) < 1


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    path = tmp_path / "evil.pt"
    parts: list[object] = [MAGIC_NUMBER, 1001, {}, _Command(f"touch {mark}"), []]
    path.write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in parts))

    with pytest.raises(InvalidSettings, match="not allowed"):
        read_tensors(path, "model_state")
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", pickle.dumps(5), b"not a pickle"])
def test_another_file_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)

    with pytest.raises(InvalidSettings, match=r"weights\.pt"):
        read_tensors(path, "model_state")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"absent\.pt"):
        read_tensors(tmp_path / "absent.pt", "model_state")
