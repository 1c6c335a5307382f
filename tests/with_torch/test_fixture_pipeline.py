"""The small pyannote pipeline: loaded by the real library, good enough for a broken engine to show."""

import sys
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from libs.common.rttm import read_rttm
from libs.common.scoring.diarization import Alignment, align_turns
from libs.common.speech import Turn

FOLDER = Path("tests/models/pyannote")
SAMPLES = Path("samples")
DER_BOUND = 0.03
SAME_VOICE = 0.5
"""Cosine; the same voice is above, another one below."""

MOST_BYTES = 2_500_000

_NETWORK = ("socket.connect", "socket.getaddrinfo")


@pytest.fixture(scope="module")
def network() -> list[str]:
    """Every look at the network from now on, as the interpreter sees it."""
    seen: list[str] = []
    sys.addaudithook(lambda event, arguments: seen.append(f"{event} {arguments}") if event in _NETWORK else None)
    return seen


def load(config: Path) -> Any:
    from pyannote.audio import Pipeline

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Pipeline.from_pretrained(config)


@pytest.fixture(scope="module")
def pipeline(network: list[str]) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYANNOTE_METRICS_ENABLED", "0")
        torch.set_num_threads(1)  # threads that wait for each other on a busy machine take many times as long
        yield load(FOLDER)


def sound(path: Path) -> dict[str, Any]:
    samples, sample_rate_hz = soundfile.read(path, dtype="float32")
    return {"waveform": torch.from_numpy(samples)[None], "sample_rate": sample_rate_hz, "uri": path.stem}


def turns(annotation: Any) -> list[Turn]:
    tracks = annotation.itertracks(yield_label=True)
    return [Turn(start=max(0.0, segment.start), end=segment.end, label=label) for segment, _, label in tracks]


class Diarized:
    """A sample meeting through a pipeline, next to its reference."""

    def __init__(self, pipeline: Any, name: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.output = pipeline(sound(SAMPLES / name / f"{name}.flac"))
        self.reference = read_rttm((SAMPLES / name / f"{name}.rttm").read_text())
        self.turns = turns(self.output.speaker_diarization)

    @property
    def alignment(self) -> Alignment:
        return align_turns(self.reference, self.turns)

    @property
    def speakers(self) -> dict[str, NDArray[np.float32]]:
        """Name in the reference → embedding."""
        embeddings = dict(zip(self.output.speaker_diarization.labels(), self.output.speaker_embeddings, strict=True))
        return {name: embeddings[label] for name, label in self.alignment.labels.items()}


@pytest.fixture(scope="module")
def short(pipeline: Any) -> Diarized:
    return Diarized(pipeline, "short")


@pytest.fixture(scope="module")
def planning(pipeline: Any) -> Diarized:
    return Diarized(pipeline, "planning")


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_it_is_small_enough_to_be_committed() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= MOST_BYTES


def test_it_loads_and_works_without_a_look_at_the_network(short: Diarized, network: list[str]) -> None:
    assert short.turns
    assert network == []


@pytest.mark.parametrize("name", ["short", "planning"])
def test_it_finds_who_talks_when(name: str, request: pytest.FixtureRequest) -> None:
    diarized: Diarized = request.getfixturevalue(name)
    errors = diarized.alignment.errors
    assert errors.der is not None
    assert errors.der <= DER_BOUND, errors
    assert len({one.label for one in diarized.turns}) == len({one.label for one in diarized.reference})


def test_it_finds_the_interruption_and_gives_exclusive_turns_beside(planning: Diarized) -> None:
    exclusive = sorted(turns(planning.output.exclusive_speaker_diarization), key=lambda one: one.start)
    assert any(len(one.hypothesis) > 1 for one in planning.alignment.stretches)
    assert all(one.end <= other.start + 1e-6 for one, other in pairwise(exclusive))
    assert {one.label for one in exclusive} == {one.label for one in planning.turns}


@pytest.mark.parametrize("name", ["short", "planning"])
def test_an_enrolled_voice_is_like_its_own_label_and_like_no_other(
    name: str, pipeline: Any, request: pytest.FixtureRequest
) -> None:
    speakers: dict[str, NDArray[np.float32]] = request.getfixturevalue(name).speakers
    for clip in sorted((SAMPLES / name / "speakers").glob("*/*.flac")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            embedding = pipeline._embedding(sound(clip)["waveform"][None])[0]
        likenesses = {who: likeness(embedding, other) for who, other in speakers.items()}
        assert {who for who, one in likenesses.items() if one > SAME_VOICE} == {clip.parent.name}, likenesses


def test_all_slots_of_a_window_pooled_at_once_are_as_pooled_one_by_one(pipeline: Any) -> None:
    """The embedding model has the code path of the published ones: weights of several speakers over the same frames."""
    waveform = sound(SAMPLES / "short" / "short.flac")["waveform"][None, :, :160_000]
    weights = torch.zeros(1, 2, 589)
    weights[0, 0, 50:250] = 1
    weights[0, 1, 300:500] = 1
    model = pipeline._embedding.model_
    with torch.inference_mode():
        together = model(waveform, weights=weights)[0]
        apart = torch.cat([model(waveform, weights=one) for one in weights.unbind(dim=1)])
    assert torch.allclose(together, apart, atol=1e-4)
    assert likeness(*together.numpy()) < SAME_VOICE


@pytest.mark.parametrize("level", [0.0, 10 ** (-75 / 20)], ids=["digital silence", "room tone"])
def test_nobody_talks_in_silence(pipeline: Any, level: float) -> None:
    noise = level * torch.randn(1, 20 * 16_000, generator=torch.Generator().manual_seed(0))
    output = pipeline({"waveform": noise, "sample_rate": 16_000, "uri": "silence"})
    assert turns(output.speaker_diarization) == []
    assert output.speaker_embeddings.shape[0] == 0


def test_its_variant_with_vbx_finds_the_same_voices(pipeline: Any) -> None:
    diarized = Diarized(load(FOLDER / "config-vbx.yaml"), "short")
    errors = diarized.alignment.errors
    assert errors.der is not None
    assert errors.der <= DER_BOUND, errors
