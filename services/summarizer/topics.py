"""What a meeting is about: the words and pairs of words that it keeps coming back to."""

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

from libs.common.minutes import Finding
from services.summarizer.lexicon import words
from services.summarizer.sentences import Sentence

_CHATTER = words(
    "okay ok yes yeah yep right well thanks thank good great morning hello bye let us going want think know like just"
    " really actually maybe question answer sure problem today tomorrow week weeks month day days time thing things"
    " people need needs make makes take takes come comes said say says send prepare finish call meet talk look works"
    " work agree agreed decided open new more one two three next first last monday tuesday wednesday thursday friday"
    " january february march april june july august september october november december ready finished idea suggest"
    " will would can could should shall must"
)
_MOST = 6
_CITED = 8


def find_topics(said: Sequence[Sentence], names: Sequence[str], *, is_english: bool) -> tuple[Finding, ...]:
    """At most six topics, the most frequent first, each with the utterances that mention it first."""
    known = {part for name in names for part in name.lower().split()}
    stop_words = sorted(ENGLISH_STOP_WORDS | _CHATTER | known) if is_english else sorted(known)
    counter = CountVectorizer(
        stop_words=stop_words,
        ngram_range=(1, 2),
        binary=True,
        token_pattern=r"(?u)\b[^\W\d_]{4,}\b",  # noqa: S106 - no password
        max_features=20_000,
    )
    try:
        counts = counter.fit_transform(sentence.plain for sentence in said)
    except ValueError:  # nothing but stop words
        return ()
    terms = counter.get_feature_names_out()
    totals = np.asarray(counts.sum(axis=0)).ravel()
    chosen: list[str] = []
    for column in sorted(range(len(terms)), key=lambda one: (-totals[one] * (1 + terms[one].count(" ")), terms[one])):
        is_told = any(set(terms[column].split()) & set(other.split()) for other in chosen)
        if totals[column] >= 2 and not is_told and len(chosen) < _MOST:
            chosen.append(str(terms[column]))
    return tuple(Finding(text=term, evidence=_mentions(term, said)) for term in chosen)


def _mentions(term: str, said: Sequence[Sentence]) -> tuple[str, ...]:
    ids = dict.fromkeys(one.utterance_id for one in said if all(word in one.plain.split() for word in term.split()))
    return tuple(ids)[:_CITED]
