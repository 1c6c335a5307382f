"""The network: transformers' Whisper, small, with a forward pass that shows where the decoder looks."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import WhisperConfig, WhisperForConditionalGeneration

from scripts.fixture_models.whisper.vocabulary import Vocabulary


@dataclass(frozen=True)
class Shape:
    """How large the network is."""

    width: int = 96
    heads: int = 2
    encoder_layers: int = 3
    decoder_layers: int = 4
    """The first half looks at the word just read, the second half at the word to be written."""


class Network:
    """Whisper and a layer that tells phones, which only training needs."""

    def __init__(self, shape: Shape, vocabulary: Vocabulary, *, num_phones: int, seed: int) -> None:
        torch.manual_seed(seed)
        self._heads = shape.heads
        self.dropout = 0.0
        """Of the decoder; the encoder has half of it."""
        self.whisper = WhisperForConditionalGeneration(_config(shape, vocabulary))
        self.phone_layer = nn.Linear(shape.width, num_phones)
        self._positions: Tensor = self.whisper.model.encoder.embed_positions.weight.detach()
        self.whisper.model.encoder.embed_positions.weight.requires_grad_(False)
        self._start_embeddings(vocabulary)

    def _start_embeddings(self, vocabulary: Vocabulary) -> None:
        """Times begin as the encoder's sinusoids of the same moment: it saves the decoder to find that out."""
        decoder = self.whisper.model.decoder
        with torch.no_grad():
            tokens = decoder.embed_tokens.weight
            tokens.normal_(0, 0.05)
            first = vocabulary.first_time
            tokens[first : first + len(self._positions)] = self._positions * 0.05 * math.sqrt(2)
            tokens[-1] = tokens[-2]
            decoder.embed_positions.weight.normal_(0, 0.02)

    @property
    def modules(self) -> nn.ModuleDict:
        """Everything with weights."""
        return nn.ModuleDict({"whisper": self.whisper, "phones": self.phone_layer})

    def encode(self, features: Tensor, offsets: Tensor) -> Tensor:
        """Features (batch, 80, num_features) to (batch, num_frames, width)."""
        encoder = self.whisper.model.encoder
        hidden = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(features)))).transpose(1, 2)
        hidden = hidden + self._positions[offsets[:, None] + torch.arange(hidden.shape[1])[None]]
        for layer in encoder.layers:
            normed = layer.self_attn_layer_norm(hidden)
            hidden = hidden + _drop(self._attend(layer.self_attn, normed, normed, is_causal=False), self.dropout / 2)
            hidden = hidden + _drop(_think(layer, hidden), self.dropout / 2)
        return encoder.layer_norm(hidden)

    def decode(self, tokens: Tensor, encoded: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits and where each layer looks.

        Returns:
            Shapes (batch, num_tokens, vocabulary) and, per layer, (batch, heads, num_tokens, num_frames).
        """
        decoder = self.whisper.model.decoder
        hidden = decoder.embed_tokens(tokens) + decoder.embed_positions.weight[: tokens.shape[1]]
        looks = []
        for layer in decoder.layers:
            normed = layer.self_attn_layer_norm(hidden)
            hidden = hidden + _drop(self._attend(layer.self_attn, normed, normed, is_causal=True), self.dropout)
            looked, look = self._look(layer.encoder_attn, layer.encoder_attn_layer_norm(hidden), encoded)
            looks.append(look)
            hidden = hidden + _drop(looked, self.dropout)
            hidden = hidden + _drop(_think(layer, hidden), self.dropout)
        return functional.linear(decoder.layer_norm(hidden), decoder.embed_tokens.weight), looks

    def _attend(self, attention: nn.Module, queries: Tensor, keys: Tensor, *, is_causal: bool) -> Tensor:
        query, key, value = (
            self._by_head(one) for one in (attention.q_proj(queries), attention.k_proj(keys), attention.v_proj(keys))
        )
        found = functional.scaled_dot_product_attention(query, key, value, is_causal=is_causal)
        return attention.out_proj(found.transpose(1, 2).flatten(2))

    def _look(self, attention: nn.Module, queries: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
        query, key = self._by_head(attention.q_proj(queries)), self._by_head(attention.k_proj(encoded))
        looks = (query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])).softmax(-1)
        found = looks @ self._by_head(attention.v_proj(encoded))
        return attention.out_proj(found.transpose(1, 2).flatten(2)), looks

    def _by_head(self, hidden: Tensor) -> Tensor:
        return hidden.unflatten(2, (self._heads, -1)).transpose(1, 2)


def _think(layer: nn.Module, hidden: Tensor) -> Tensor:
    return layer.fc2(functional.gelu(layer.fc1(layer.final_layer_norm(hidden))))


def _drop(hidden: Tensor, share: float) -> Tensor:
    return functional.dropout(hidden, share) if share else hidden


def _config(shape: Shape, vocabulary: Vocabulary) -> WhisperConfig:
    return WhisperConfig(
        vocab_size=len(vocabulary),
        d_model=shape.width,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=4 * shape.width,
        decoder_ffn_dim=4 * shape.width,
        num_mel_bins=80,
        pad_token_id=vocabulary.end,
        bos_token_id=vocabulary.end,
        eos_token_id=vocabulary.end,
        decoder_start_token_id=vocabulary.start,
        suppress_tokens=[],
        begin_suppress_tokens=[vocabulary.space],
    )
