"""Cuts a meeting into chunks at its silences, so that all replicas can work on it at the same time."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from libs.common.speech import Segment

Quietest = Callable[[Segment], float]
"""The time within a segment at which it is quietest."""

_MARGIN_SECONDS = 0.2
"""Kept around each turn: a turn's edges are estimates."""


@dataclass(frozen=True)
class ChunkRules:
    """How long chunks are, in seconds."""

    target: float = 60.0
    maximum: float = 90.0

    shortest_target: float = 20.0
    """A short meeting is cut into chunks down to this length, so that there is work for several workers."""

    workers: int = 4
    """Chunks that a short meeting is cut into, at least, if they stay longer than that."""

    longest_silence: float = 3.0
    """A silence longer than this is never inside a chunk."""

    def for_speech(self, seconds: float) -> "ChunkRules":
        """The rules for a meeting with so much speech."""
        target = min(self.target, max(self.shortest_target, seconds / self.workers))
        return ChunkRules(target=min(target, self.maximum), maximum=self.maximum, longest_silence=self.longest_silence)


def speech_stretches(turns: Iterable[Segment], duration: float) -> list[Segment]:
    """What the turns cover, as segments that do not touch, by start."""
    stretches: list[Segment] = []
    for turn in sorted(turns, key=lambda one: one.start):
        start, end = max(0.0, turn.start - _MARGIN_SECONDS), min(duration, turn.end + _MARGIN_SECONDS)
        if end <= start:
            continue
        if stretches and start <= stretches[-1].end:
            stretches[-1] = Segment(start=stretches[-1].start, end=max(stretches[-1].end, end))
        else:
            stretches.append(Segment(start=start, end=end))
    return stretches


def is_too_long(stretch: Segment, rules: ChunkRules) -> bool:
    """Whether there is no silence to cut at within the maximum."""
    return stretch.duration > rules.maximum


def split_stretch(stretch: Segment, rules: ChunkRules, quietest: Quietest) -> list[Segment]:
    """Cut speech without silence into pieces no longer than the maximum, each at its quietest place near the target."""
    pieces, start = [], stretch.start
    while stretch.end - start > rules.maximum:
        cut = quietest(Segment(start=start + rules.target / 2, end=start + rules.maximum))
        pieces.append(Segment(start=start, end=cut))
        start = cut
    return [*pieces, Segment(start=start, end=stretch.end)]


def plan_chunks(stretches: Sequence[Segment], rules: ChunkRules) -> list[Segment]:
    """Join stretches into chunks of about the target length; without speech, one chunk of zero length.

    Args:
        stretches: By start, apart from each other, none longer than the maximum.
        rules: How long chunks are.
    """
    chunks, first = [], 0
    while first < len(stretches):
        last = _last_of_chunk(stretches, first, rules)
        chunks.append(Segment(start=stretches[first].start, end=stretches[last].end))
        first = last + 1
    return chunks or [Segment(start=0.0, end=0.0)]


def _last_of_chunk(stretches: Sequence[Segment], first: int, rules: ChunkRules) -> int:
    """Up to where the chunk goes that begins with `first`: to the widest silence in the second half of the target."""
    start = stretches[first].start
    last = first
    for one, following in itertools.pairwise(itertools.islice(stretches, first, None)):
        if one.gap(following) > rules.longest_silence:
            return last
        if following.end - start > rules.target:
            break
        last += 1
    else:
        return last
    candidates = [
        index for index in range(first, last + 1) if stretches[index].end - start >= rules.target / 2 or index == last
    ]
    return max(candidates, key=lambda index: stretches[index].gap(stretches[index + 1]))
