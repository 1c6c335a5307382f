"""What is said in two runs, word by word."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from libs.common.scoring.words import Edit, align_words, count_errors
from libs.common.speech import Segment, Word
from libs.common.transcript import Transcript
from services.gateway.schemas.comparison import Piece, WordComparison, WordDifference

_PAUSE_SECONDS = 0.5
"""Silence in both runs at which words can be taken apart."""

_PASSAGE_WORDS = 2000
"""Of both runs together; alignment takes the square of it, and keeps the interpreter for itself meanwhile."""

_CONTEXT_WORDS = 3
_MOST_PIECES = 16


@dataclass(frozen=True)
class _Passage:
    """The words of the same time in both runs."""

    before: Sequence[Word]
    after: Sequence[Word]


@dataclass(frozen=True)
class _AlignedEdit:
    """What became of some words in a row."""

    edit: Edit
    passage: _Passage

    @property
    def before(self) -> Sequence[Word]:
        return self.passage.before[self.edit.reference]

    @property
    def after(self) -> Sequence[Word]:
        return self.passage.after[self.edit.hypothesis]

    @property
    def is_same(self) -> bool:
        return self.edit.change == "equal"


def compare_words(before: Transcript, after: Transcript) -> WordComparison:
    """WER, and the words that differ."""
    edits = [
        _AlignedEdit(edit, passage)
        for passage in _passages(_spoken(before), _spoken(after))
        for edit in align_words(_plain(passage.before), _plain(passage.after))
    ]
    return WordComparison(
        errors=count_errors([one.edit for one in edits]),
        differences=tuple(_difference(group) for group in _groups(edits)),
    )


def plain(text: str) -> str:
    """A word without its case and without the punctuation around it; empty if it is nothing else."""
    folded = text.casefold().replace("’", "'")
    letters = [place for place, one in enumerate(folded) if one.isalnum()]
    return folded[letters[0] : letters[-1] + 1] if letters else ""


def _spoken(transcript: Transcript) -> list[Word]:
    words = (word for utterance in transcript.utterances for word in utterance.words if plain(word.text))
    return sorted(words, key=_beginning)


def _beginning(word: Segment) -> tuple[float, float]:
    return word.start, word.end


def _plain(words: Iterable[Word]) -> list[str]:
    return [plain(word.text) for word in words]


def _passages(before: Sequence[Word], after: Sequence[Word]) -> Iterator[_Passage]:
    """Take both rows apart at pauses that they share, so that work grows with their length and not its square."""
    reached, done, last = 0.0, [0, 0], [0, 0]
    sides = merge(((word, 0) for word in before), ((word, 1) for word in after), key=lambda one: _beginning(one[0]))
    for word, side in sides:
        if word.start - reached >= _PAUSE_SECONDS and sum(done) - sum(last) >= _PASSAGE_WORDS:
            yield _Passage(before[last[0] : done[0]], after[last[1] : done[1]])
            last = [*done]
        done[side] += 1
        reached = max(reached, word.end)
    yield _Passage(before[last[0] :], after[last[1] :])


def _groups(edits: Iterable[_AlignedEdit]) -> Iterator[list[_AlignedEdit]]:
    """Edits that stand close together; the words that stay the same around them are context."""
    group: list[_AlignedEdit] = []
    for one in edits:
        is_far = one.is_same and len(one.before) > 2 * _CONTEXT_WORDS
        if is_far or len(group) >= _MOST_PIECES:
            if any(not each.is_same for each in group):
                yield [*group, one] if one.is_same else group
            group = []
        group.append(one)
    if any(not each.is_same for each in group):
        yield group


def _difference(group: Sequence[_AlignedEdit]) -> WordDifference:
    changed = [word for one in group if not one.is_same for word in (*one.before, *one.after)]
    last = len(group) - 1
    return WordDifference(
        start=min(word.start for word in changed),
        end=max(word.end for word in changed),
        pieces=tuple(_piece(one, is_first=place == 0, is_last=place == last) for place, one in enumerate(group)),
    )


def _piece(one: _AlignedEdit, *, is_first: bool, is_last: bool) -> Piece:
    kept = slice(None)
    if one.is_same and is_first:
        kept = slice(-_CONTEXT_WORDS, None)
    elif one.is_same and is_last:
        kept = slice(_CONTEXT_WORDS)
    return Piece(change=one.edit.change, before=_text(one.before[kept]), after=_text(one.after[kept]))


def _text(words: Iterable[Word]) -> str:
    return " ".join(word.text.strip() for word in words)
