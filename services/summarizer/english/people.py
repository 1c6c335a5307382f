"""Who can be asked to do something: the speakers, and people whom they mention."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from services.summarizer.lexicon import words
from services.summarizer.sentences import Sentence

_NO_NAMES: frozenset[str] = ENGLISH_STOP_WORDS | words(
    "okay ok yes yeah yep no so well right alright sure great good thanks thank please hello hi hey let let's"
    " today tomorrow tonight monday tuesday wednesday thursday friday saturday sunday somebody someone anybody"
    " everybody everyone people team really actually maybe question next first second third finally just perfect"
    " agreed fine cool morning afternoon"
)
_ADDRESSED = re.compile(
    r"(?:^|\b(?:so|and|okay|ok|well|thanks|then|but|now|hey|please) )([a-z']{3,}) (?:can|could|would) you\b"
)
_COMMITTED = re.compile(
    r"\b([a-z']{3,})(?: (?:from|of|in) \w+)? (?:will|is going to|has to|needs to|is responsible for"
    r"|takes care of) (?!not\b)"
)
_ALWAYS_CAPITAL = re.compile(
    r"\bi\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:january|february|april|june|july|august|september"
    r"|october|november|december)\b|(?<=of )(?:march|may)\b|(?<=in )(?:march|may)\b|(?<=by )(?:march|may)\b"
)


@dataclass(frozen=True)
class People:
    """Names that rules look for."""

    display: dict[str, str]
    """As rules see it (lower case; full or first name) → as minutes write it."""

    @property
    def pattern(self) -> str:
        """A regular expression that matches one name; nothing where there are none."""
        names = sorted(self.display, key=len, reverse=True)
        return "(?:" + "|".join(map(re.escape, names)) + ")" if names else r"(?!x)x"

    def reads(self, text: str) -> str:
        """A stretch of speech as a sentence of its own; the mark at its end, if any, is a question mark."""
        text = self.spelled(text)
        return text[:1].upper() + text[1:]

    def spelled(self, text: str) -> str:
        """A stretch of speech with capitals where names have them, and no loose punctuation at its ends."""
        text = text.strip(" ,;:-–.!")
        if text.islower():
            text = _ALWAYS_CAPITAL.sub(lambda match: match.group(0).capitalize(), text)
            text = re.sub(rf"\b{self.pattern}\b", lambda match: self.display[match.group(0)], text)
        return text

    @classmethod
    def of(cls, speakers: Iterable[str], vocabulary: Iterable[str], said: Sequence[Sentence]) -> "People":
        """Everybody who is named: speakers by their names, others where the text shows that they are people."""
        names = [name for name in speakers if name.strip()]
        firsts = Counter(name.lower().split()[0] for name in names)
        known = {name.lower(): name for name in names}
        known |= {name.lower().split()[0]: name for name in names if firsts[name.lower().split()[0]] == 1}
        known |= {first: first.capitalize() for first, count in firsts.items() if count > 1}
        mentioned = _addressed(said) | _capitalised(said) | _expected(vocabulary, said)
        display = {name: name.capitalize() for name in mentioned} | known
        return cls({name: shown for name, shown in display.items() if name not in _NO_NAMES})


def _addressed(said: Sequence[Sentence]) -> set[str]:
    found = {match.group(1) for sentence in said for match in _ADDRESSED.finditer(sentence.plain)}
    return found - _NO_NAMES


def _capitalised(said: Sequence[Sentence]) -> set[str]:
    """Words that somebody will do something, and that are written with a capital wherever they stand."""
    written = {_unmarked(word) for sentence in said for word in sentence.words}
    inside = {_unmarked(word) for sentence in said for word in sentence.words[1:]}
    found = {match.group(1) for sentence in said for match in _COMMITTED.finditer(sentence.plain)}
    capitals = {name for name in found - _NO_NAMES if name.capitalize() in written and name not in written}
    plurals = {name for name in capitals if name.endswith("s") and name.capitalize() not in inside}
    return capitals - plurals


def _unmarked(word: str) -> str:
    return word.strip(".,!?:;\"'()")


def _expected(vocabulary: Iterable[str], said: Sequence[Sentence]) -> set[str]:
    committed = {match.group(1) for sentence in said for match in _COMMITTED.finditer(sentence.plain)}
    return {term.lower() for term in vocabulary if term.lower() in committed}
