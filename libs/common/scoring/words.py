"""WER with its parts, and the edits that it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import computed_field
from rapidfuzz.distance import Levenshtein

from libs.common.speech import Frozen

Change = Literal["equal", "substitution", "deletion", "insertion"]

_CHANGES: dict[str, Change] = {
    "equal": "equal",
    "replace": "substitution",
    "delete": "deletion",
    "insert": "insertion",
}


class WordErrors(Frozen):
    """What a word error rate is made of."""

    words: int = 0
    """Of the reference."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def errors(self) -> int:
        """All three."""
        return self.substitutions + self.deletions + self.insertions

    @computed_field  # type: ignore[prop-decorator]
    @property
    def rate(self) -> float | None:
        """0 to (above) 1; `None` without words in the reference."""
        return self.errors / self.words if self.words else None

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(
            words=self.words + other.words,
            substitutions=self.substitutions + other.substitutions,
            deletions=self.deletions + other.deletions,
            insertions=self.insertions + other.insertions,
        )


@dataclass(frozen=True)
class Edit:
    """Neighbouring words to which the same happens; a substitution has as many on both sides."""

    change: Change
    reference: slice
    hypothesis: slice


def align_words(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[Edit, ...]:
    """The fewest edits that lead from one row of words to the other, in order, with the words that stay.

    By rapidfuzz: bit-parallel (Hyyrö 2003), in linear memory (Hirschberg 1975).
    """
    opcodes = Levenshtein.opcodes(reference, hypothesis)
    return tuple(
        Edit(_CHANGES[one.tag], slice(one.src_start, one.src_end), slice(one.dest_start, one.dest_end))
        for one in opcodes
    )


def count_errors(edits: Sequence[Edit]) -> WordErrors:
    """The edits as a word error rate."""

    def words(*changes: Change) -> int:
        return sum(max(_length(one.reference), _length(one.hypothesis)) for one in edits if one.change in changes)

    return WordErrors(
        words=words("equal", "substitution", "deletion"),
        substitutions=words("substitution"),
        deletions=words("deletion"),
        insertions=words("insertion"),
    )


def _length(words: slice) -> int:
    return int(words.stop - words.start)
