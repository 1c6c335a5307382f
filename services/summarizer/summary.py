"""Which sentences make the summary for one persona."""

from collections.abc import Callable, Sequence

from libs.common.minutes import ActionItem, Finding
from libs.common.personas import Extraction
from services.summarizer.english.cues import content_words
from services.summarizer.english.denials import denials
from services.summarizer.quotes import Quotes
from services.summarizer.ranking import most_central
from services.summarizer.sentences import Sentence

SHORT = 5
"""Words; a shorter sentence says nothing on its own."""

_TELLING = 4
"""Words with a meaning of their own; a sentence with fewer leans on what was said before it."""

_DECIDED, _PROMISED = 1.5, 0.6
"""A summary leans on decisions; action items have a list of their own."""

_WANTED = 2.0
_ASKED = 0.4
_HALF_HOUR = 1800.0


def summary_sentences(
    said: Sequence[Sentence],
    wishes: Extraction,
    quotes: Quotes,
    decisions: Sequence[Finding],
    items: Sequence[ActionItem],
    *,
    duration: float,
    report: Callable[[float], None],
) -> list[Sentence]:
    """The sentences to quote, in the order of the meeting; what is denied brings its denial along.

    `duration` is the meeting's.
    """
    favours = {one: _PROMISED for item in items for one in item.evidence}
    favours |= {one: _DECIDED for decision in decisions for one in decision.evidence}
    weights = [favours.get(one.utterance_id, 1.0) * _weight(one, wishes.focus_terms, quotes) for one in said]
    chosen = most_central(
        [one.plain for one in said],
        weights if any(weights) else [1.0] * len(said),
        wishes.summary_sentences + int(duration // _HALF_HOUR),
        stop_words="english" if quotes.is_english else None,
        report=report,
    )
    if quotes.is_english:
        chosen = sorted({*chosen, *(at for index in chosen for at in denials(said, index, quotes.people.pattern))})
    return [said[index] for index in chosen]


def mentions(sentence: Sentence, terms: Sequence[str]) -> bool:
    """Whether a sentence holds one of the terms, in the singular or with an s."""
    padded = f" {sentence.plain} "
    return any(f" {term.lower()} " in padded or f" {term.lower()}s " in padded for term in terms)


def _weight(sentence: Sentence, focus_terms: Sequence[str], quotes: Quotes) -> float:
    if len(sentence.words) < SHORT:
        return 0.0
    weight = min(1.0, len(content_words(sentence.plain)) / _TELLING) if quotes.is_english else 1.0
    if mentions(sentence, focus_terms):
        weight *= _WANTED
    return weight * _ASKED if quotes.asks(sentence) else weight
