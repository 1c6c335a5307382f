"""Words and turns make utterances."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from libs.common.speech import Segment, Turn, Word
from libs.common.transcript import ChunkWords, Gap, Transcript, Utterance
from services.transcriber.assignment import assign_words

_LONG_UTTERANCE_SECONDS = 30.0
_BREAK_SECONDS = 0.5
"""A pause at which an utterance that has become long ends."""

_UNSPACED_LANGUAGES = frozenset({"ja", "lo", "my", "th", "yue", "zh"})
_SPACE_BEFORE_MARK = re.compile(r"\s+([,.;:!?%…)\]}’”])")


def assemble(chunks: Sequence[ChunkWords], gaps: Sequence[Gap], turns: Sequence[Turn]) -> Transcript:
    """The transcript of a meeting; a turn without words gives no utterance.

    Args:
        chunks: The words of all chunks that could be transcribed.
        gaps: The chunks that could not.
        turns: By start.
    """
    language = _main_language(chunks)
    words = sorted((word for chunk in chunks for word in chunk.words), key=lambda word: (word.start, word.end))
    spoken = sorted(_utterances(words, turns, language), key=lambda one: (one.start, one.end))
    return Transcript(
        language=language,
        utterances=tuple(one.model_copy(update={"id": f"u{n:04d}"}) for n, one in enumerate(spoken, start=1)),
        gaps=tuple(sorted(gaps, key=lambda gap: gap.start)),
    )


def join_words(words: Sequence[Word], language: str | None) -> str:
    """The words as text."""
    if language in _UNSPACED_LANGUAGES:
        return "".join(word.text.strip() for word in words)
    return _SPACE_BEFORE_MARK.sub(r"\1", " ".join(word.text.strip() for word in words))


def _utterances(words: Sequence[Word], turns: Sequence[Turn], language: str | None) -> Iterator[Utterance]:
    if not turns:
        return
    assigned = zip(assign_words(words, turns), words, strict=True)
    groups = [
        (turns[index], list(part))
        for index, of_turn in itertools.groupby(assigned, key=lambda pair: pair[0])
        for part in _breaths([word for _, word in of_turn])
    ]
    num_groups = Counter(id(turn) for turn, _ in groups)
    for turn, part in groups:
        extent = _extent(turn, part, is_whole=num_groups[id(turn)] == 1)
        yield Utterance(
            id="",
            label=turn.label,
            start=extent.start,
            end=extent.end,
            text=join_words(part, language),
            words=tuple(part),
        )


def _breaths(words: Sequence[Word]) -> Iterator[list[Word]]:
    """The words of a turn, cut at pauses where they go on for long."""
    part: list[Word] = []
    for word in words:
        if (
            part
            and word.start - part[-1].end >= _BREAK_SECONDS
            and part[-1].end - part[0].start >= _LONG_UTTERANCE_SECONDS
        ):
            yield part
            part = []
        part.append(word)
    yield part


def _extent(turn: Turn, words: Sequence[Word], *, is_whole: bool) -> Segment:
    """From the first word to the last; a turn that is one utterance keeps its own edges."""
    start, end = words[0].start, max(word.end for word in words)
    if is_whole:
        start, end = min(start, turn.start), max(end, turn.end)
    return Segment(start=start, end=end)


def _main_language(chunks: Sequence[ChunkWords]) -> str | None:
    spoken = Counter[str]()
    for chunk in chunks:
        if chunk.language is not None:
            spoken[chunk.language] += len(chunk.words)
    return spoken.most_common(1)[0][0] if spoken else None
