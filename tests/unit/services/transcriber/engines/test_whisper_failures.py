"""What a failure of CTranslate2 means: with the small real model, which fails when it is asked for a language."""

from pathlib import Path

import pytest

from libs.common.errors import EngineUnavailable
from libs.common.speech import Segment
from services.transcriber.engines.faster_whisper import FasterWhisperTranscriber
from services.transcriber.engines.whisper_files import find_model
from services.transcriber.engines.whisper_hardware import Hardware

ROOT = Path(__file__).parents[5]
SHORT = ROOT / "samples" / "short" / "short.flac"
PASSAGES = (Segment(start=0, end=5),)


@pytest.fixture
def engine() -> FasterWhisperTranscriber:
    return FasterWhisperTranscriber(find_model(str(ROOT / "tests/models/whisper")), Hardware("cpu", "int8", threads=1))


def test_a_failure_on_the_cpu_may_be_tried_again(engine: FasterWhisperTranscriber) -> None:
    with pytest.raises(EngineUnavailable, match=r"CTranslate2 failed: .*multilingual") as raised:
        engine.detect_language(SHORT, PASSAGES)

    assert raised.value.retryable


def test_a_failure_on_the_gpu_ends_the_process(engine: FasterWhisperTranscriber) -> None:
    engine._is_on_gpu = True

    with pytest.raises(SystemExit, match="CTranslate2 failed on the GPU"):
        engine.detect_language(SHORT, PASSAGES)
