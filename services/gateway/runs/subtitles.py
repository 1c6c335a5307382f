"""Cuts utterances into subtitles: short enough to read, at the times of their words."""

from collections.abc import Iterator, Sequence

from libs.common.speech import Frozen, Word
from services.gateway.schemas.results import NamedUtterance, Results

LINE_LENGTH = 42
"""Characters in one line, as broadcasters do it."""

MAX_LENGTH = 2 * LINE_LENGTH
MAX_SECONDS = 7.0
MIN_SECONDS = 1.0
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_PAUSE = 1.5
"""Seconds of silence within an utterance at which a new subtitle begins."""


class Subtitle(Frozen):
    """Text that is shown for a while."""

    start: float
    end: float
    speaker: str
    text: str


def srt(results: Results) -> str:
    """SubRip; the speaker's name before the text."""
    blocks = (
        f"{number}\n{_time(one.start, ',')} --> {_time(one.end, ',')}\n{_lines(f'{one.speaker}: {one.text}')}\n"
        for number, one in enumerate(subtitles(results), start=1)
    )
    return "\n".join(blocks)


def vtt(results: Results) -> str:
    """WebVTT; the speaker's name as a voice span."""
    blocks = (
        f"{_time(one.start, '.')} --> {_time(one.end, '.')}\n<v {_escaped(one.speaker)}>{_escaped(_lines(one.text))}\n"
        for one in subtitles(results)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def subtitles(results: Results) -> list[Subtitle]:
    """All subtitles by start; a short one stays longer where the next leaves room."""
    cut = sorted((one for said in results.utterances for one in _cut(said)), key=lambda one: (one.start, one.end))
    limits = [*(one.start for one in cut[1:]), results.duration]
    return [_shown_longer(one, until=limit) for one, limit in zip(cut, limits, strict=False)]


def _shown_longer(one: Subtitle, *, until: float) -> Subtitle:
    return one.model_copy(update={"end": max(one.end, min(one.start + MIN_SECONDS, until))})


def _cut(said: NamedUtterance) -> Iterator[Subtitle]:
    speaker = said.name or said.label
    if not said.words:
        if said.text:
            yield Subtitle(start=said.start, end=said.end, speaker=speaker, text=said.text)
        return
    for words in _balanced(said.words):
        text = " ".join(word.text.strip() for word in words)
        yield Subtitle(start=words[0].start, end=max(word.end for word in words), speaker=speaker, text=text)


def _balanced(words: Sequence[Word]) -> list[list[Word]]:
    """As few groups as the limits allow, and of these the most even: no word is left alone at the end."""
    fewest = len(_groups(words, share=1.0))
    return next(groups for share in _SHARES if len(groups := _groups(words, share=share)) == fewest)


def _groups(words: Sequence[Word], *, share: float) -> list[list[Word]]:
    """Filled one after the other up to this share of the limits."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and _fits(groups[-1], word, share=share):
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _fits(group: list[Word], word: Word, *, share: float) -> bool:
    length = sum(len(one.text.strip()) + 1 for one in group) + len(word.text.strip())
    ends_sentence = group[-1].text.rstrip().endswith((".", "?", "!")) and length > LINE_LENGTH
    is_close = word.start - group[-1].end < _PAUSE
    is_short = length <= share * MAX_LENGTH and word.end - group[0].start <= share * MAX_SECONDS
    return is_short and is_close and not ends_sentence


def _lines(text: str) -> str:
    """Broken at the space nearest to the middle, if it is too long for one line."""
    if len(text) <= LINE_LENGTH or " " not in text:
        return text
    middle = min((place for place, one in enumerate(text) if one == " "), key=lambda place: abs(place - len(text) / 2))
    return f"{text[:middle]}\n{text[middle + 1 :]}"


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
