"""Sentences of a transcript, also where the recognizer gives neither punctuation nor capitals.

Such text is cut where the speaker pauses and where a phrase begins that opens sentences.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from libs.common.transcript import Transcript, Utterance
from services.summarizer.lexicon import words

LONG_PAUSE = 0.55
"""Seconds of silence that end a sentence whatever the words are."""

PAUSE = 0.05
"""Seconds of silence that end a sentence where a word follows that often begins one."""

CLEAR_PAUSE = 0.2
"""Seconds of silence that end a sentence where a word follows that may begin one."""

LONG_SENTENCE = 32
"""Words without a sentence end after which the longest pause is taken for one."""

_END = re.compile(r"[.!?…]+[\"'”’)\]]*$")
_MARK = re.compile(r"[.!?…,;:]$")
_NO_END = re.compile(r"^(?:[a-z]\.)+$|^(?:mr|mrs|ms|dr|prof|st|vs|etc|no|approx|inc|ltd|jr|sr)\.$", re.IGNORECASE)
_EDGES = re.compile(r"^\W+|[^\w%]+$")
_CONTRACTIONS = (
    (re.compile(r"^won't$"), "will not"),
    (re.compile(r"^can't$|^cannot$"), "can not"),
    (re.compile(r"^gonna$"), "going to"),
    (re.compile(r"^(\w+)n't$"), r"\1 not"),
    (re.compile(r"^(\w+)'ll$"), r"\1 will"),
    (re.compile(r"^(\w+)'ve$"), r"\1 have"),
    (re.compile(r"^(\w+)'re$"), r"\1 are"),
    (re.compile(r"^i'm$"), "i am"),
    (re.compile(r"^let's$"), "let us"),
    (re.compile(r"^(\w+)'d$"), r"\1 would"),
    (re.compile(r"^(it|that|there|he|she|who|what|where|how|when|this)'s$"), r"\1 is"),
)

_CANNOT_END = words(
    "a an the to of in on at by for from with and or but if that which who whose because as than into about my your our"
    " their his her its this these those is are was were be been will would can could shall should must may might do"
    " does did have has had not very i we you he she they it's i'm let's please no"
)
"""Words after which a sentence goes on, whatever the pause."""

_OPENERS = words(
    "i we he she so okay ok well yes yeah then let's can could would should shall will do does did who why how please"
    " thanks thank now next first second finally also maybe perhaps alright right sure great agreed i'll we'll"
    " i'm"
)
"""Words that often begin a sentence: with the slightest pause before them, one does."""

_WEAK_OPENERS = words(
    "you they it the this that there no is are was has have what when where which my our if it's that's and but"
)
"""Words that begin a sentence or a clause: it takes a clear pause before them."""

_LINKS = r"(?P<link>(?:(?:and|so|but|okay|ok|then|now|well|yes|yeah|sure|also|alright|good|great|fine) )*)"
_CUES = (
    "i will|i am going to|i think|i propose|i suggest|we will|we are going to|we have decided|we decided|we have agreed"
    "|we agreed|we need to|we have to|we still|let us|can you|could you|would you|can we|should we|shall we|do we"
    "|does the|what about|who will|who is going to|when will|how many|how much|the question is|open question"
    "|action item|thank you|thanks|agreed|any (?:other |more |further )?questions?|it is|it should|it will|this is"
    "|that is (?:all|it|everything)"
)
"""Phrases that open a sentence even without a pause."""

_GO_ON = words(
    "that think if when say said says believe guess hope what which how as until till before after unless while where"
    " whether than sure know mean suppose because since or and who why i we you they he she it not so then but to with"
    " for of also just now already all have has had never"
)
"""Words before a cue that make it a part of the sentence that is under way."""

_PRONOUNS = words("that this it them those one")
"""Words that may also end a sentence, before a linking word: `with that | then we are going to`."""


@dataclass(frozen=True)
class Token:
    """A written word and when it was said, as far as that is known."""

    text: str
    start: float | None = None
    end: float | None = None

    @cached_property
    def bare(self) -> str:
        """In lower case, without punctuation around it."""
        return _EDGES.sub("", self.text.lower().replace("’", "'"))


@dataclass(frozen=True)
class Sentence:
    """A stretch of one utterance that says one thing."""

    utterance_id: str
    label: str
    words: tuple[str, ...]
    """As in the transcript."""

    turn: int
    """Number of the utterance in the transcript."""

    @cached_property
    def _plain_words(self) -> tuple[tuple[str, int], ...]:
        pairs = ((_expanded(Token(word).bare), index) for index, word in enumerate(self.words))
        return tuple((part, index) for expanded, index in pairs for part in expanded.split())

    @cached_property
    def plain(self) -> str:
        """In lower case, without punctuation, contractions written out: what rules are matched against."""
        return " ".join(word for word, _ in self._plain_words)

    @property
    def text(self) -> str:
        """As in the transcript."""
        return " ".join(self.words)

    @property
    def is_asked(self) -> bool:
        """Whether it ends with a question mark."""
        return "?" in self.words[-1]

    @property
    def is_bare(self) -> bool:
        """Whether it has no punctuation, so that it may hold more than one sentence."""
        return not any(_MARK.search(word) for word in self.words)

    def excerpt(self, start: int, end: int) -> str:
        """The words of the transcript behind the characters `start` to `end` of `plain`."""
        first, last = len(self.plain[:start].split()), len(self.plain[:end].split())
        indexes = sorted({index for _, index in self._plain_words[first:last]})
        return " ".join(self.words[index] for index in indexes)


def sentences(transcript: Transcript, names: Iterable[str] = (), *, is_english: bool = True) -> list[Sentence]:
    """All sentences in the order of the transcript; every word is in one of them.

    Args:
        transcript: With or without punctuation.
        names: Of the people in the meeting; a sentence may begin by addressing one.
        is_english: Whether phrases of English end sentences.
    """
    cues = _cues(names) if is_english else None
    found: list[Sentence] = []
    for turn, utterance in enumerate(transcript.utterances):
        for tokens in _cut(_tokens(utterance), cues):
            words = tuple(token.text for token in tokens)
            found.append(Sentence(utterance_id=utterance.id, label=utterance.label, words=words, turn=turn))
    return found


def _cues(names: Iterable[str]) -> re.Pattern[str]:
    people = "|".join(re.escape(name.lower().split()[0]) for name in names if name.strip())
    addressed = rf"|(?:{people}) (?:please|can you|could you|would you|will)" if people else ""
    return re.compile(rf"{_LINKS}(?:{_CUES}{addressed})\b")


def _expanded(word: str) -> str:
    for pattern, replacement in _CONTRACTIONS:
        if pattern.match(word):
            return pattern.sub(replacement, word)
    return word


def _tokens(utterance: Utterance) -> list[Token]:
    timed = [Token(word.text.strip(), word.start, word.end) for word in utterance.words if word.text.strip()]
    if [token.text for token in timed] == utterance.text.split():
        return timed
    return [Token(text) for text in utterance.text.split()]


def _cut(tokens: Sequence[Token], cues: re.Pattern[str] | None) -> Iterator[Sequence[Token]]:
    is_punctuated = any(_END.search(token.text) for token in tokens)
    begin = 0
    for index in range(1, len(tokens)):
        if is_punctuated:
            is_boundary = _ends(tokens[index - 1])
        else:
            is_boundary = _pauses(tokens, begin, index) or (cues is not None and _opens(tokens, begin, index, cues))
        if is_boundary:
            yield from _shortened(tokens[begin:index], is_punctuated)
            begin = index
    if tokens:
        yield from _shortened(tokens[begin:], is_punctuated)


def _ends(token: Token) -> bool:
    return bool(_END.search(token.text)) and not _NO_END.match(token.text)


def _pause(tokens: Sequence[Token], index: int) -> float:
    before, after = tokens[index - 1].end, tokens[index].start
    return after - before if before is not None and after is not None else 0.0


def _pauses(tokens: Sequence[Token], begin: int, index: int) -> bool:
    pause, word = _pause(tokens, index), tokens[index].bare
    if pause >= 2 * LONG_PAUSE:
        return True
    if tokens[index - 1].bare in _CANNOT_END:
        return False
    is_opener = (pause >= PAUSE and word in _OPENERS) or (pause >= CLEAR_PAUSE and word in _WEAK_OPENERS)
    return pause >= LONG_PAUSE or (is_opener and index - begin >= 2)


def _opens(tokens: Sequence[Token], begin: int, index: int, cues: re.Pattern[str]) -> bool:
    before = tokens[index - 1].bare
    if index - begin < 2 or (before in _CANNOT_END and before not in _PRONOUNS):
        return False
    ahead = " ".join(_expanded(token.bare) for token in tokens[index : index + 6])
    cue = cues.match(ahead)
    return cue is not None and (before not in _GO_ON or (before in _PRONOUNS and cue.group("link") != ""))


def _shortened(tokens: Sequence[Token], is_punctuated: bool) -> Iterator[Sequence[Token]]:
    if is_punctuated or len(tokens) <= LONG_SENTENCE:
        yield tokens
        return
    inner = range(4, len(tokens) - 3)
    longest = max(inner, key=lambda index: _pause(tokens, index) - abs(index - len(tokens) / 2) * 1e-6)
    yield from _shortened(tokens[:longest], is_punctuated)
    yield from _shortened(tokens[longest:], is_punctuated)
