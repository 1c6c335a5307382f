"""Meetings with exactly known turns, joined from single-speaker utterances of several readers."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, cycle, islice
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from evaluation.energy import find_speech
from evaluation.recordings import Clips, InvalidReference, Recording, as_in_rttm, audio_files
from libs.common.audio import SAMPLE_RATE_HZ, audio_duration, read_segment
from libs.common.speech import Segment, Turn

FEWEST_VOICES, MOST_VOICES = 2, 5
SHORTEST_SECONDS, LONGEST_SECONDS = 60.0, 300.0
GAP_SECONDS = (0.2, 1.5)
OVERLAP_SECONDS = (0.3, 1.0)
OVERLAP_SHARE = 0.08
"""Of the changes of speaker."""

LEAST_ENROLMENT_SECONDS = 5.0


@dataclass(frozen=True)
class Reader:
    """One voice: the utterance it is enrolled from, and those that meetings are made of."""

    name: str
    clip: Path
    utterances: tuple[Path, ...]


def read_readers(folder: Path) -> list[Reader]:
    """One reader per folder of at least two utterances.

    Raises:
        InvalidReference: There are fewer than two readers.
    """
    found = {one.name: _utterances(one) for one in sorted(folder.iterdir()) if one.is_dir()}
    readers = [_reader(as_in_rttm(name), files) for name, files in found.items() if len(files) > 1]
    if len(readers) < FEWEST_VOICES:
        raise InvalidReference(f"{folder} holds neither NAME.rttm nor folders of utterances of two readers or more")
    return readers


def join_meetings(readers: list[Reader], target: Path, *, count: int, max_splits: int, seed: int) -> list[Recording]:
    """Write `count` meetings of 2 to 5 voices and 1 to 5 minutes to `target`, each to be passed with every split.

    Args:
        readers: The voices; utterances are repeated where they do not fill a meeting.
        target: An empty folder.
        count: How many meetings; the number of voices goes round from the fewest to the most.
        max_splits: At most so many of all ways to enrol some readers and leave the others strangers.
        seed: Of everything that is drawn.
    """
    draw = random.Random(seed)  # noqa: S311
    sizes = cycle(range(FEWEST_VOICES, min(MOST_VOICES, len(readers)) + 1))
    clips: Clips = {reader.name: (reader.clip,) for reader in readers}
    meetings = []
    for number, size in enumerate(islice(sizes, count), start=1):
        splits = _splits(list(clips), max_splits, draw)
        chosen = draw.sample(readers, size)
        meetings.append(_join(f"joined{number:02d}", chosen, target, draw, clips=clips, splits=splits))
    return meetings


def _utterances(folder: Path) -> tuple[Path, ...]:
    """Of one reader, also those in folders per chapter."""
    chapters = sorted(one for one in folder.rglob("*") if one.is_dir())
    return tuple(path for chapter in (folder, *chapters) for path in audio_files(chapter))


def _reader(name: str, files: tuple[Path, ...]) -> Reader:
    clip = next((path for path in files if audio_duration(path) >= LEAST_ENROLMENT_SECONDS), None)
    clip = clip or max(files, key=audio_duration)
    return Reader(name=name, clip=clip, utterances=tuple(path for path in files if path != clip))


def _splits(names: list[str], most: int, draw: random.Random) -> tuple[frozenset[str], ...]:
    """Who is enrolled: some, but not all; in any order, since a line may pass only the first."""
    every = [frozenset(some) for size in range(1, len(names)) for some in combinations(names, size)]
    return tuple(draw.sample(every, min(most, len(every))))


def _join(
    name: str,
    readers: list[Reader],
    target: Path,
    draw: random.Random,
    *,
    clips: Clips,
    splits: tuple[frozenset[str], ...],
) -> Recording:
    duration = draw.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
    mixed = np.zeros(round((duration + 60) * SAMPLE_RATE_HZ), np.float32)
    turns: list[Turn] = []
    reached = 0.0
    for reader, path in _order(readers, draw):
        samples, speech = _trimmed(path)
        start = max(0.0, reached + _pause(draw))
        position = round(start * SAMPLE_RATE_HZ)
        if reached >= duration or position + len(samples) > len(mixed):
            break
        mixed[position : position + len(samples)] += samples
        turns += [Turn(start=start + one.start, end=start + one.end, label=reader) for one in speech]
        reached = max(reached, turns[-1].end)
    audio = target / f"{name}.flac"
    soundfile.write(audio, np.clip(mixed[: round((reached + 0.5) * SAMPLE_RATE_HZ)], -1, 1), SAMPLE_RATE_HZ)
    return Recording(name=name, audio=audio, turns=tuple(turns), clips=clips, splits=splits)


def _order(readers: list[Reader], draw: random.Random) -> Iterator[tuple[str, Path]]:
    """Who says what next, for ever: rounds in which everybody speaks once, nobody twice in a row."""
    supply = {reader.name: cycle(draw.sample(reader.utterances, len(reader.utterances))) for reader in readers}
    last = ""
    while True:
        names = draw.sample(list(supply), len(supply))
        if names[0] == last:
            names.reverse()
        for name in names:
            yield name, next(supply[name])
        last = names[-1]


def _pause(draw: random.Random) -> float:
    """Seconds until the next one speaks; negative where the next one interrupts."""
    return -draw.uniform(*OVERLAP_SECONDS) if draw.random() < OVERLAP_SHARE else draw.uniform(*GAP_SECONDS)


def _trimmed(path: Path) -> tuple[NDArray[np.float32], list[Segment]]:
    """An utterance without the silence at its ends, and the speech in it."""
    samples = read_segment(path, Segment(start=0, end=audio_duration(path)))
    speech = find_speech(samples)
    if not speech:
        raise InvalidReference(f"{path} holds no speech")
    first, last = speech[0].start, speech[-1].end
    inner = [Segment(start=one.start - first, end=one.end - first) for one in speech]
    return samples[round(first * SAMPLE_RATE_HZ) : round(last * SAMPLE_RATE_HZ)], inner
