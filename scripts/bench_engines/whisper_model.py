"""A Whisper of a real shape with random weights, as a CTranslate2 model; neither torch nor transformers is needed.

Random weights decode until the limit of the model, and find no times. Here each place of the answer has a direction of
its own in the residual stream, and the output layer maps it to the word of that place and, after the last, to the end:
every window is answered with the same number of words, whoever decodes it and with whatever options. Places and frames
also carry the time, which the heads that align words compare: the words are spread evenly over the window.
"""

import json
import math
import shutil
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from ctranslate2.specs import attention_spec, common_spec
from ctranslate2.specs.transformer_spec import TransformerDecoderLayerSpec, TransformerEncoderLayerSpec
from ctranslate2.specs.whisper_spec import WhisperSpec
from numpy.typing import NDArray

from scripts.bench_engines.whisper_vocabulary import (
    END,
    ENGLISH,
    NUM_TEXT_TOKENS,
    build_tokenizer,
    special_tokens,
    text_tokens,
)

WINDOW_WORDS = 90
"""Spoken in each window of 30 s: three a second, as people do."""

_NUM_FRAMES, _NUM_PLACES, _KERNEL = 1500, 448, 3
_PROMPT = 4
"""Tokens before the answer: start, language, task, no timestamps."""

_WEIGHT, _ATTENDING = 0.005, 0.05
"""Standard deviations: small, so that the direction of a place outweighs what the layers add; those that decide what
is attended to are larger, so that attention differs from frame to frame."""

_THINNED = 8
"""Of the heads in the upper half, every eighth aligns words with frames: about as many as in OpenAI's own lists."""

_PLACE, _SURE = 20.0, 18.0
"""Length of a place's direction in the residual stream, and roughly the logit of its word, which leaves no doubt."""

_WINDOW = 30.0
_PERIODS = np.geomspace(1.0, 4 * _WINDOW, 16)
_CLOCK = 2 * len(_PERIODS)
"""Dimensions of the residual stream that carry the time: sine and cosine of each period, in seconds."""

_FRAME_CLOCK, _PLACE_CLOCK = 2.0, 3.0
"""Amplitudes, next to the sound of a frame and the direction of a place."""


@dataclass(frozen=True)
class WhisperShape:
    """Sizes of one of OpenAI's models."""

    name: str
    width: int
    layers: int
    heads: int
    mel_bands: int
    languages: int


SHAPES = {
    shape.name: shape
    for shape in (
        WhisperShape("tiny", width=384, layers=4, heads=6, mel_bands=80, languages=99),
        WhisperShape("small", width=768, layers=12, heads=12, mel_bands=80, languages=99),
        WhisperShape("large-v3", width=1280, layers=32, heads=20, mel_bands=128, languages=100),
    )
}


def whisper_folder(work: Path, name: str, *, words: int = WINDOW_WORDS) -> Path:
    """The model's folder below `work`; built if it is not there."""
    folder = work / f"whisper-{name}-{words}"
    if not (folder / "model.bin").exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _build(SHAPES[name], unfinished, words)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    return folder


def _build(shape: WhisperShape, folder: Path, words: int) -> None:
    texts, specials = text_tokens(), special_tokens(shape.languages)
    spec = WhisperSpec(shape.layers, shape.heads, shape.layers, shape.heads)
    _Weights(shape).fill(spec, vocabulary=len(texts) + len(specials), words=words)
    spec.register_vocabulary(texts + specials)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [END]
    spec.config.lang_ids = list(range(ENGLISH, ENGLISH + shape.languages))
    spec.config.alignment_heads = _aligning(shape)
    spec.validate()
    spec.save(str(folder))
    build_tokenizer(texts, specials).save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": shape.mel_bands}), "utf-8")


def _aligning(shape: WhisperShape) -> list[tuple[int, int]]:
    """Layer and head."""
    return list(product(range(shape.layers // 2, shape.layers), range(shape.heads)))[::_THINNED]


def _clock(times: NDArray[np.float64]) -> NDArray[np.float32]:
    """Shape (num_times, _CLOCK)."""
    angles = 2 * np.pi * times[:, None] / _PERIODS
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


class _Weights:
    """Random numbers of one shape."""

    def __init__(self, shape: WhisperShape) -> None:
        self._shape = shape
        self._random = np.random.default_rng(0)

    def fill(self, spec: WhisperSpec, *, vocabulary: int, words: int) -> None:
        width = self._shape.width
        encoder, decoder = spec.encoder, spec.decoder
        for convolution, channels in ((encoder.conv1, self._shape.mel_bands), (encoder.conv2, width)):
            scale = 1 / math.sqrt(channels * _KERNEL)
            convolution.weight = self._normal((width, channels, _KERNEL), scale)
            convolution.bias = self._normal((width,), _WEIGHT)
        encoder.position_encodings.encodings = self._normal((_NUM_FRAMES, width), _WEIGHT)
        frames = (np.arange(_NUM_FRAMES) + 0.5) * _WINDOW / _NUM_FRAMES
        encoder.position_encodings.encodings[:, :_CLOCK] = _FRAME_CLOCK * _clock(frames)
        decoder.embeddings.weight = self._normal((vocabulary, width), _WEIGHT)
        for half in (encoder, decoder):
            self._norm(half.layer_norm)
            for layer in half.layer:
                self._layer(layer)
        for layer, head in _aligning(self._shape):
            self._align(decoder.layer[layer].attention, head)
        self._answer(spec, vocabulary, words)

    def _layer(self, layer: TransformerEncoderLayerSpec | TransformerDecoderLayerSpec) -> None:
        width = self._shape.width
        self._attention(layer.self_attention, ((3 * width, 2 * width), (width, 0)))
        if hasattr(layer, "attention"):
            self._attention(layer.attention, ((width, width), (2 * width, width), (width, 0)))
        self._norm(layer.ffn.layer_norm)
        self._linear(layer.ffn.linear_0, 4 * width, width)
        self._linear(layer.ffn.linear_1, width, 4 * width)

    def _attention(self, spec: attention_spec.MultiHeadAttentionSpec, outputs: tuple[tuple[int, int], ...]) -> None:
        """`outputs` are those of each linear layer, and how many of them come first as queries and keys."""
        width = self._shape.width
        self._norm(spec.layer_norm)
        for linear, (output, attending) in zip(spec.linear, outputs, strict=True):
            self._linear(linear, output, width)
            linear.weight[:attending] = self._normal((attending, width), _ATTENDING)

    def _align(self, spec: attention_spec.MultiHeadAttentionSpec, head: int) -> None:
        """Queries and keys of one head are the time and nothing else."""
        rows = slice(head * self._shape.width // self._shape.heads, (head + 1) * self._shape.width // self._shape.heads)
        for linear in spec.linear[:2]:
            linear.weight[rows] = np.eye(rows.stop - rows.start, self._shape.width) * (
                np.arange(self._shape.width) < _CLOCK
            )

    def _answer(self, spec: WhisperSpec, vocabulary: int, words: int) -> None:
        """Directions of the places, and the output layer that reads them."""
        places = self._normal((_NUM_PLACES, self._shape.width), 1.0).astype(np.float32)
        last = _PROMPT - 1 + words
        places[last:] = places[last]
        places[:, :_CLOCK] = 0
        places /= np.linalg.norm(places, axis=1, keepdims=True)
        encodings = _PLACE * places
        encodings[:, :_CLOCK] = _PLACE_CLOCK * _clock((np.arange(_NUM_PLACES) - _PROMPT + 0.5) * _WINDOW / words)
        spec.decoder.position_encodings.encodings = encodings.astype(np.float16)
        output = self._normal((vocabulary, self._shape.width), _WEIGHT)
        spoken = self._random.choice(np.arange(NUM_TEXT_TOKENS // 2, NUM_TEXT_TOKENS - 1), size=last, replace=False)
        readers = (_SURE / math.sqrt(self._shape.width) * places).astype(np.float16)
        output[ENGLISH] += readers[0]
        output[spoken[1:]] += readers[1:last]
        output[END] += readers[last]
        spec.decoder.projection.weight = output

    def _linear(self, spec: common_spec.LinearSpec, outputs: int, inputs: int) -> None:
        spec.weight = self._normal((outputs, inputs), _WEIGHT)
        spec.bias = self._normal((outputs,), _WEIGHT)

    def _norm(self, spec: common_spec.LayerNormSpec) -> None:
        spec.gamma = np.ones(self._shape.width, np.float16)
        spec.beta = np.zeros(self._shape.width, np.float16)

    def _normal(self, size: tuple[int, ...], scale: float) -> NDArray[np.float16]:
        return (scale * self._random.standard_normal(size, dtype=np.float32)).astype(np.float16)
