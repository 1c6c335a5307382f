"""Speech from flite with the times of its phones and words."""

import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ

PAUSE = "pau"
"""What flite calls silence."""


class Timed(NamedTuple):
    """A word or phone and when it is heard, seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Order:
    """A text to be spoken."""

    text: str
    voice: str
    stretch: float = 1.0
    """Duration of every phone, relative to the voice's own."""


@dataclass(frozen=True)
class Spoken:
    """A text in a voice."""

    order: Order
    samples: NDArray[np.float32]
    """Shape (num_samples,), 16 kHz, root mean square 1."""

    words: tuple[Timed, ...]
    phones: tuple[Timed, ...]


def speak_all(orders: list[Order]) -> list[Spoken]:
    """All texts, in order."""
    with ThreadPoolExecutor(max_workers=2) as threads:
        return list(threads.map(_speak, orders))


def _speak(order: Order) -> Spoken:
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        stretch = f"duration_stretch={order.stretch}"
        printed = _flite("-voice", order.voice, "--setf", stretch, "-psdur", "-t", order.text, "-o", str(wav))
        samples, sample_rate_hz = soundfile.read(wav, dtype="float32")
    if sample_rate_hz != SAMPLE_RATE_HZ:
        raise ValueError(f"voice {order.voice} speaks at {sample_rate_hz} Hz, expected {SAMPLE_RATE_HZ}")
    phones = read_phones(printed)
    counts = [_count_phones(word) for word in order.text.split()]
    samples /= np.sqrt(np.mean(np.square(samples)))
    return Spoken(order=order, samples=samples, words=time_words(order.text.split(), counts, phones), phones=phones)


def read_phones(printed: str) -> tuple[Timed, ...]:
    """What `flite -psdur` prints: phones with the times at which they end."""
    names, ends = zip(*(one.rsplit(":", 1) for one in printed.split()), strict=True)
    times = [0.0, *map(float, ends)]
    return tuple(Timed(name, start, end) for name, (start, end) in zip(names, pairwise(times), strict=True))


def time_words(words: list[str], counts: list[int], phones: tuple[Timed, ...]) -> tuple[Timed, ...]:
    """Words with the times of their phones; by their letters where the counts do not add up in running speech."""
    sounding = [one for one in phones if one.text != PAUSE]
    if sum(counts) != len(sounding):
        counts = _shares([len(word) for word in words], len(sounding))
    borders = list(accumulate(counts, initial=0))
    return tuple(
        Timed(word, sounding[first].start, sounding[past - 1].end)
        for word, (first, past) in zip(words, pairwise(borders), strict=True)
    )


def _shares(weights: list[int], total: int) -> list[int]:
    """The total, dealt out by weight; everyone gets at least one."""
    borders = [round(total * reached / sum(weights)) for reached in accumulate(weights, initial=0)]
    return [max(1, past - first) for first, past in pairwise(borders)]


@cache
def _count_phones(word: str) -> int:
    bare = re.sub(r"[^\w']", "", word)
    return sum(phone != PAUSE for phone in _flite("-voice", "slt", "-ps", "-t", bare, "-o", "none").split())


def _flite(*arguments: str) -> str:
    return subprocess.run(["flite", *arguments], check=True, capture_output=True, text=True).stdout
