"""Where there is speech: the Silero VAD that the faster-whisper wheel carries, block by block with carried state."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.errors import InvalidSettings
from libs.common.speech import Segment

FRAME_SECONDS = 512 / SAMPLE_RATE_HZ

_ONSET = 0.3
_OFFSET = 0.15
_PADDING_SECONDS = 0.05
_MIN_SPEECH_SECONDS = 0.2
_MIN_SILENCE_SECONDS = 0.1

_FRAME_SAMPLES = 512
_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (1, 1, 128)

Array = NDArray[np.float32]


class SpeechDetector:
    """Says of each frame of 32 ms how probably it holds speech."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(_model_path(), options, providers=["CPUExecutionProvider"])

    def probabilities(self, blocks: Iterable[Array]) -> Array:
        """Speech probability per frame of consecutive blocks, shape (num_frames,)."""
        state = (np.zeros(_STATE_SHAPE, np.float32), np.zeros(_STATE_SHAPE, np.float32))
        rest = np.zeros(0, np.float32)
        context = np.zeros(_CONTEXT_SAMPLES, np.float32)
        found: list[Array] = []
        for block in blocks:
            samples = np.concatenate([rest, block])
            whole = len(samples) // _FRAME_SAMPLES * _FRAME_SAMPLES
            rest = samples[whole:]
            if whole:
                frames = _with_context(samples[:whole], context)
                context = samples[whole - _CONTEXT_SAMPLES : whole]
                output, *state_out = self._session.run(None, {"input": frames, "h": state[0], "c": state[1]})
                state = (state_out[0], state_out[1])
                found.append(output.reshape(-1))
        return np.concatenate(found) if found else np.zeros(0, np.float32)


def speech_segments(probabilities: Array, *, duration: float) -> list[Segment]:
    """Stretches of speech, by start: each begins above the onset threshold and ends below the offset threshold."""
    found: list[Segment] = []
    is_speech = False
    start = 0
    for index, probability in enumerate([*probabilities, 0.0]):
        if not is_speech and probability >= _ONSET:
            is_speech, start = True, index
        elif is_speech and probability < _OFFSET:
            is_speech = False
            if (index - start) * FRAME_SECONDS >= _MIN_SPEECH_SECONDS:
                found.append(_padded(start * FRAME_SECONDS, index * FRAME_SECONDS, duration))
    return _join_close(found)


def _padded(start: float, end: float, duration: float) -> Segment:
    return Segment(start=max(0.0, start - _PADDING_SECONDS), end=min(duration, end + _PADDING_SECONDS))


def _join_close(segments: Iterable[Segment]) -> list[Segment]:
    joined: list[Segment] = []
    for segment in segments:
        if joined and segment.start - joined[-1].end < _MIN_SILENCE_SECONDS:
            joined[-1] = Segment(start=joined[-1].start, end=segment.end)
        else:
            joined.append(segment)
    return joined


def _with_context(samples: Array, context: Array) -> Array:
    """Each frame after the last samples of the one before, shape (num_frames, context + frame)."""
    joined = np.concatenate([context, samples])
    return np.lib.stride_tricks.sliding_window_view(joined, _CONTEXT_SAMPLES + _FRAME_SAMPLES)[::_FRAME_SAMPLES].copy()


def _model_path() -> Path:
    """Found without importing the package, which would load the transcriber's libraries."""
    package = find_spec("faster_whisper")
    if package is None or package.origin is None:
        raise InvalidSettings("The speech detector is missing: pip install faster-whisper==1.2.1")
    return Path(package.origin).with_name("assets") / "silero_vad_v6.onnx"
