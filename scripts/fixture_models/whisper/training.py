"""Training on the CPU: first short windows, then whole ones."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from math import cos, pi
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from scripts.fixture_models.whisper.batches import Batch, Kitchen
from scripts.fixture_models.whisper.examples import NO_LABEL
from scripts.fixture_models.whisper.network import Network
from scripts.fixture_models.whisper.recipes import Mixture
from scripts.fixture_models.whisper.vocabulary import Vocabulary

_AHEAD = 4
"""Batches made before they are needed."""


@dataclass(frozen=True)
class Phase:
    """A part of the training with one course of the learning rate."""

    name: str
    steps: int
    sizes: tuple[tuple[int, float], ...]
    """Windows in a batch and their seconds; batches take turns."""

    learning_rate: float
    mixture: Mixture
    phone_weight: float
    look_weight: float
    noise_tokens: float = 0.0
    """Share of read words that are replaced by others, so that the model listens instead of reciting."""

    dropout: float = 0.0

    def rate(self, step: int) -> float:
        """Learning rate: warming up, then falling along a cosine."""
        warm = min(1.0, (step + 1) / 40)
        return self.learning_rate * warm * (0.02 + 0.98 * (1 + cos(pi * step / self.steps)) / 2)


@dataclass(frozen=True)
class Losses:
    """What is made small."""

    words: Tensor
    looks: Tensor
    phones: Tensor
    right: float
    """Share of text tokens that the model would have written itself."""


class Training:
    """A network and how far it has come."""

    def __init__(self, network: Network, kitchen: Kitchen, phase: Phase) -> None:
        self._network = network
        self._kitchen = kitchen
        self._phase = phase
        network.dropout = phase.dropout
        self._weights = [one for one in network.modules.parameters() if one.requires_grad]
        self._optimizer = torch.optim.AdamW(self._weights, betas=(0.9, 0.98), weight_decay=0.01)
        self.step = 0

    def save(self, path: Path) -> None:
        """Keep everything that going on needs."""
        state = {
            "step": self.step,
            "weights": self._network.modules.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def restore(self, path: Path) -> None:
        """Go on where `save` was called."""
        state = torch.load(path)
        self.step = state["step"]
        self._network.modules.load_state_dict(state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])

    def run(self, until: int) -> None:
        """Train up to a step of the phase, with a line every quarter of a minute."""
        told = time.monotonic()
        for batch in self._batches(until):
            torch.manual_seed(self._kitchen.seed + self.step)
            for group in self._optimizer.param_groups:
                group["lr"] = self._phase.rate(self.step)
            losses = self._losses(batch)
            total = losses.words + self._phase.look_weight * losses.looks + self._phase.phone_weight * losses.phones
            self._optimizer.zero_grad()
            total.backward()
            torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
            self._optimizer.step()
            self.step += 1
            if time.monotonic() - told > 15:
                told = time.monotonic()
                print(
                    f"{self._phase.name} {self.step}/{self._phase.steps}: words {losses.words.item():.3f}, "
                    f"looks {losses.looks.item():.3f}, phones {losses.phones.item():.3f}, right {losses.right:.1%}",
                    flush=True,
                )

    def _batches(self, until: int) -> Iterator[Batch]:
        with ProcessPoolExecutor(1, get_context("fork"), _start_worker, (self._kitchen, self._phase)) as pool:
            steps = iter(range(self.step, until))
            waiting: list[Future[Batch]] = [pool.submit(_make_batch, step) for step in islice(steps, _AHEAD)]
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(_make_batch, step) for step in islice(steps, 1)]

    def _losses(self, batch: Batch) -> Losses:
        vocabulary = self._kitchen.vocabulary
        read, written = torch.from_numpy(batch.read), torch.from_numpy(batch.written)
        read = _with_noise(read, self._phase.noise_tokens, vocabulary)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            encoded = self._network.encode(torch.from_numpy(batch.features), torch.from_numpy(batch.offsets))
            logits, looks = self._network.decode(read, encoded)
            phones = self._network.phone_layer(encoded).flatten(0, 1).float()
        known = written != NO_LABEL
        words, right = _word_loss(logits[known].float().log_softmax(-1), written[known], vocabulary)
        return Losses(
            words=words,
            looks=_look_loss(looks, torch.from_numpy(batch.heard)),
            phones=functional.cross_entropy(phones, torch.from_numpy(batch.phones).flatten(), ignore_index=NO_LABEL),
            right=right,
        )


def _with_noise(read: Tensor, share: float, vocabulary: Vocabulary) -> Tensor:
    chosen = (torch.rand(read.shape) < share) & (read < vocabulary.end)
    return torch.where(chosen, torch.randint(256, vocabulary.end, read.shape), read)


def _word_loss(scores: Tensor, written: Tensor, vocabulary: Vocabulary) -> tuple[Tensor, float]:
    """Cross-entropy; a time next to the right one is nearly right."""
    is_time = written >= vocabulary.first_time
    text, times = written[~is_time], written[is_time]
    loss = -scores[~is_time].gather(1, text[:, None]).sum()
    distances = torch.arange(-3, 4)
    shares = torch.exp(-0.5 * distances**2)
    near = (times[:, None] + distances).clamp(vocabulary.first_time, len(vocabulary) - 1)
    loss = loss - (scores[is_time].gather(1, near) * shares / shares.sum()).sum()
    return loss / len(written), (scores[~is_time].argmax(-1) == text).float().mean().item()


def _look_loss(looks: list[Tensor], heard: Tensor) -> Tensor:
    """Attention that lies outside of the time in which a token is heard (guided attention).

    Early layers are to find the token just read, and from there late ones the next: a layer knows of the tokens
    before only what the layers below it have found.
    """
    heard_before = functional.pad(heard, (0, 0, 1, 0))[:, :-1]
    early = len(looks) // 2
    losses = [_outside(look.float(), heard_before if layer < early else heard) for layer, look in enumerate(looks)]
    return torch.stack(losses).mean()


def _outside(look: Tensor, heard: Tensor) -> Tensor:
    is_heard = heard.any(-1).float()
    inside = ((look * heard[:, None]).sum(-1) + 1e-4).log().mean(1)
    return -(inside * is_heard).sum() / is_heard.sum().clamp(min=1)


_made: tuple[Kitchen, Phase] | None = None


def _start_worker(kitchen: Kitchen, phase: Phase) -> None:
    global _made  # noqa: PLW0603 - a pool's worker has no other place
    _made = (kitchen, phase)


def _make_batch(step: int) -> Batch:
    assert _made
    kitchen, phase = _made
    size, seconds = phase.sizes[step % len(phase.sizes)]
    return kitchen.batch(step, size=size, seconds=seconds, mixture=phase.mixture)
