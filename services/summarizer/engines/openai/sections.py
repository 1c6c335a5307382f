"""Sections of a transcript: what one call reads. Together they hold every word."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from libs.common.speech import Frozen
from services.summarizer.engines import MinutesRequest
from services.summarizer.engines.openai.data import json_line
from services.summarizer.engines.openai.tokens import most_tokens

HALVINGS = 3
"""How often a section is cut in two before its answer counts as endless."""

BEFORE_TOKENS = 300
"""Of what was said just before a section, so that an answer at its beginning has its question."""


class Line(Frozen):
    """An utterance as a model reads it, or a part of one that is longer than a section."""

    id: str
    speaker: str
    text: str

    @property
    def tokens(self) -> int:
        """How much of a section it takes, at most."""
        return most_tokens(json_line(self)) + 1

    def halves(self) -> tuple["Line", ...]:
        """The line in two, between words if there are several; itself if it is a single character."""
        words = self.text.split()
        if len(words) > 1:
            texts = [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]
        else:
            middle = len(self.text) // 2
            texts = [one for one in (self.text[:middle], self.text[middle:]) if one]
        return tuple(self.model_copy(update={"text": one}) for one in texts)


class Section(Frozen):
    """Lines that one call reads."""

    number: str
    """`3`, and `3.1` for its first half, where both did not fit together."""

    lines: tuple[Line, ...]

    before: tuple[Line, ...] = ()
    """The end of the section before, to be understood and not to be minuted."""

    @property
    def ids(self) -> frozenset[str]:
        """Of the utterances that an answer may cite."""
        return frozenset(one.id for one in (*self.before, *self.lines))

    def halves(self) -> tuple["Section", ...]:
        """The section in two at the border nearest to its middle; none if it was cut too often or has one letter."""
        lines = self.lines if len(self.lines) > 1 else self.lines[0].halves()
        if len(lines) < 2 or self.number.count(".") >= HALVINGS:
            return ()
        border = _middle(lines)
        first = Section(number=f"{self.number}.1", lines=lines[:border], before=self.before)
        return first, Section(number=f"{self.number}.2", lines=lines[border:], before=_end_of(first.lines))


def sections(request: MinutesRequest, limit: int) -> list[Section]:
    """The transcript in sections of at most `limit` tokens, all about as long; every word is in one of them."""
    lines = [part for line in _lines(request) for part in _short(line, limit)]
    groups = list(_groups(lines, limit))
    spoken = _spoken((one.id, one.text) for one in request.transcript.utterances)
    assert _spoken((one.id, one.text) for group in groups for one in group) == spoken, "no word is left out"
    befores: list[tuple[Line, ...]] = [(), *(_end_of(group) for group in groups)]
    return [
        Section(number=str(number), lines=tuple(group), before=before)
        for number, (group, before) in enumerate(zip(groups, befores, strict=False), start=1)
    ]


def _lines(request: MinutesRequest) -> Iterator[Line]:
    for one in request.transcript.utterances:
        if text := " ".join(one.text.split()):
            yield Line(id=one.id, speaker=request.speaker(one.label), text=text)


def _spoken(pieces: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """All letters of each utterance, by id."""
    letters: defaultdict[str, str] = defaultdict(str)
    for name, text in pieces:
        if text.strip():
            letters[name] += "".join(text.split())
    return letters


def _short(line: Line, limit: int) -> Iterator[Line]:
    if line.tokens <= limit or len(line.text) == 1:
        yield line
        return
    for half in line.halves():
        yield from _short(half, limit)


def _groups(lines: Sequence[Line], limit: int) -> Iterator[list[Line]]:
    """Consecutive lines: as few groups as fit, and none much shorter than the others."""
    total = sum(one.tokens for one in lines)
    fair = total / max(1, -(-total // limit))
    group: list[Line] = []
    size = 0
    for line in lines:
        if group and (size + line.tokens > limit or size >= fair):
            yield group
            group, size = [], 0
        group.append(line)
        size += line.tokens
    if group:
        yield group


def _middle(lines: Sequence[Line]) -> int:
    """The border at which both sides are most alike in length."""
    total, reached = sum(one.tokens for one in lines), 0
    best = (total, 1)
    for border, line in enumerate(lines[:-1], start=1):
        reached += line.tokens
        best = min(best, (abs(total - 2 * reached), border))
    return best[1]


def _end_of(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The last lines, as far as they are short."""
    kept: list[Line] = []
    left = BEFORE_TOKENS
    for line in reversed(tuple(lines)):
        left -= line.tokens
        if left < 0:
            break
        kept.append(line)
    return tuple(reversed(kept))
