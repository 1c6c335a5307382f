"""The fast pipeline next to pyannote's own: the same turns, and the same embeddings but for rounding."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from libs.common.speech import EmbeddingModel
from services.diarizer.engines import DiarizedSpeech, load_engine
from services.diarizer.engines.pyannote.diarizer import PyannoteDiarizer
from services.diarizer.engines.pyannote.labels import to_speech
from services.diarizer.engines.pyannote.pooled import PooledDiarization
from tests.with_torch.diarizer.recordings import DER_BOUND, PIPELINE, SHORT, error_rate, settings

MODEL = EmbeddingModel(name="small", revision="1", dimension=64)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short meeting after a pause, so that there are chunks in which nobody talks."""
    path = tmp_path_factory.mktemp("recordings") / "short.flac"
    soundfile.write(path, np.concatenate([np.zeros(12 * 16_000), soundfile.read(SHORT)[0]]), 16_000)
    return path


def apply(pipeline: Any, recording: Path) -> tuple[DiarizedSpeech, NDArray[np.float32]]:
    """The result, and one embedding per chunk and voice."""
    samples = torch.from_numpy(soundfile.read(recording, dtype="float32")[0])[None]
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output = pipeline(
            {"waveform": samples, "sample_rate": 16_000},
            hook=lambda step, artefact, **_: found.update({step: artefact}),
        )
    return to_speech(output, MODEL, duration=samples.shape[1] / 16_000), found["embeddings"]


def plain_pipeline(config: Path) -> Any:
    from pyannote.audio import Pipeline

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = Pipeline.from_pretrained(config)
    # For speed alone: its own, 32, makes the CPU slower.
    pipeline.embedding_batch_size = 2
    return pipeline


def fast_pipeline(config: Path, **more: object) -> PooledDiarization:
    engine = load_engine(settings(pyannote_pipeline=str(config), **more))
    assert isinstance(engine, PyannoteDiarizer)
    return engine._pipeline


@pytest.mark.parametrize("config", ["config.yaml", "config-vbx.yaml"])
def test_turns_are_the_same_and_embeddings_differ_by_rounding(config: str, recording: Path) -> None:
    plain, plain_embeddings = apply(plain_pipeline(PIPELINE / config), recording)
    fast, fast_embeddings = apply(fast_pipeline(PIPELINE / config), recording)

    assert fast.turns == plain.turns
    assert fast.exclusive_turns == plain.exclusive_turns
    assert len({turn.label for turn in fast.turns}) == 2
    np.testing.assert_allclose(fast_embeddings, plain_embeddings, atol=1e-4)
    for label, vector in plain.embeddings.items():
        np.testing.assert_allclose(fast.embeddings[label], vector, atol=1e-4)


def test_overlaps_can_be_left_in_the_embeddings(recording: Path) -> None:
    plain = plain_pipeline(PIPELINE)
    plain.embedding_exclude_overlap = False

    _, expected = apply(plain, recording)
    _, found = apply(fast_pipeline(PIPELINE, pyannote_exclude_overlap=False), recording)

    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_an_embedding_model_of_another_kind_goes_pyannotes_way(recording: Path) -> None:
    pipeline = fast_pipeline(PIPELINE)
    _, expected = apply(pipeline, recording)
    small = pipeline._embedding.model_

    class Other(torch.nn.Module):  # type: ignore[misc]  # it has no types
        """Takes one voice per waveform only."""

        device, audio, dimension = small.device, small.audio, small.dimension

        def forward(self, waveforms: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
            assert weights is None or weights.dim() == 2
            embedding: torch.Tensor = small(waveforms, weights=weights)
            return embedding

    pipeline._embedding.model_ = Other()
    _, found = apply(pipeline, recording)

    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_shared_frames_change_the_embeddings_a_little_and_the_turns_hardly(recording: Path) -> None:
    _, exact = apply(fast_pipeline(PIPELINE), SHORT)
    shared, embeddings = apply(fast_pipeline(PIPELINE, pyannote_shared_frames=True), SHORT)

    assert not np.allclose(embeddings, exact, atol=1e-4)
    assert error_rate(SHORT, shared.turns) <= DER_BOUND


def test_a_long_recording_is_clustered_from_a_sample_of_its_embeddings() -> None:
    pipeline = fast_pipeline(PIPELINE)
    compared: list[int] = []
    cluster = pipeline.clustering.cluster

    def watched(embeddings: NDArray[np.float32], **more: object) -> NDArray[np.intp]:
        compared.append(len(embeddings))
        labels: NDArray[np.intp] = cluster(embeddings, **more)
        return labels

    pipeline.clustering.cluster = watched
    pipeline.clustering.max_embeddings = 10

    speech, _ = apply(pipeline, SHORT)

    assert compared == [10]
    assert error_rate(SHORT, speech.turns) <= DER_BOUND
