"""A multilingual Whisper of the least size with random weights: it says noise, but it does decide on a language."""

from pathlib import Path

import numpy as np
from ctranslate2.specs.attention_spec import MultiHeadAttentionSpec
from ctranslate2.specs.common_spec import LayerNormSpec, LinearSpec
from ctranslate2.specs.transformer_spec import TransformerDecoderLayerSpec, TransformerEncoderLayerSpec
from ctranslate2.specs.whisper_spec import WhisperSpec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from numpy.typing import NDArray
from tokenizers import Tokenizer, models

_WIDTH, _MEL_BANDS, _FRAMES, _PLACES = 16, 80, 1500, 448
_NUM_TEXT_TOKENS = 50_257
"""So many or more, and CTranslate2 takes a model for a multilingual one."""

_SPECIALS = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{code}|>" for code in _LANGUAGE_CODES[:-1]),
    *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
    *(f"<|{0.02 * step:.2f}|>" for step in range(1501)),
)


def write_random_whisper(folder: Path) -> Path:
    """Write a model that faster-whisper loads."""
    folder.mkdir()
    texts = [f"Ġt{n}" for n in range(_NUM_TEXT_TOKENS - 1)]
    spec = WhisperSpec(1, 1, 1, 1)
    _Weights().fill(spec, len(texts) + 1 + len(_SPECIALS))
    # CTranslate2 tells a multilingual model by this empty token.
    spec.register_vocabulary([*texts, "", *_SPECIALS])
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [_NUM_TEXT_TOKENS + 2 + n for n in range(len(_LANGUAGE_CODES) - 1)]
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.save(str(folder))
    tokenizer = Tokenizer(models.WordLevel({text: n for n, text in enumerate([*texts, ""])}, unk_token=texts[0]))
    tokenizer.add_special_tokens(list(_SPECIALS))
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


class _Weights:
    def __init__(self) -> None:
        self._random = np.random.default_rng(7)

    def fill(self, spec: WhisperSpec, vocabulary: int) -> None:
        encoder, decoder = spec.encoder, spec.decoder
        encoder.conv1.weight, encoder.conv1.bias = self._some(_WIDTH, _MEL_BANDS, 3), self._some(_WIDTH)
        encoder.conv2.weight, encoder.conv2.bias = self._some(_WIDTH, _WIDTH, 3), self._some(_WIDTH)
        encoder.position_encodings.encodings = self._some(_FRAMES, _WIDTH)
        decoder.embeddings.weight = self._some(vocabulary, _WIDTH)
        decoder.position_encodings.encodings = self._some(_PLACES, _WIDTH)
        decoder.projection.weight = decoder.embeddings.weight
        for half in (encoder, decoder):
            self._norm(half.layer_norm)
            self._layer(half.layer[0])
        self._attention(decoder.layer[0].attention, 1, 2, 1)

    def _layer(self, layer: TransformerEncoderLayerSpec | TransformerDecoderLayerSpec) -> None:
        self._attention(layer.self_attention, 3, 1)
        self._norm(layer.ffn.layer_norm)
        self._linear(layer.ffn.linear_0, 4 * _WIDTH, _WIDTH)
        self._linear(layer.ffn.linear_1, _WIDTH, 4 * _WIDTH)

    def _attention(self, spec: MultiHeadAttentionSpec, *widths: int) -> None:
        self._norm(spec.layer_norm)
        for linear, width in zip(spec.linear, widths, strict=True):
            self._linear(linear, width * _WIDTH, _WIDTH)

    def _linear(self, spec: LinearSpec, outputs: int, inputs: int) -> None:
        spec.weight, spec.bias = self._some(outputs, inputs), self._some(outputs)

    def _norm(self, spec: LayerNormSpec) -> None:
        spec.gamma, spec.beta = np.ones(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)

    def _some(self, *shape: int) -> NDArray[np.float32]:
        return self._random.normal(scale=0.5, size=shape).astype(np.float32)
