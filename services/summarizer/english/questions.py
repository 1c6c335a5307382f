"""Open questions: asked and not answered, or said to be open."""

import re
from collections.abc import Sequence

from libs.common.minutes import Finding
from services.summarizer.english.cues import FILLERS, IGNORANCE, content_words, is_question
from services.summarizer.english.people import People
from services.summarizer.sentences import Sentence

_OPEN = re.compile(
    r"\bopen question\b(?= (?:is|remains)| \w+ \w+)|\bthe (?:big |main )?question (?:is|remains)\b|\b(?:it is"
    r"|it remains|that is) (?:still )?(?:unclear|open) (?:whether|if|who|what|when|how|why|which)\b"
    r"|\bwe (?:still )?(?:do not know|have to (?:decide|find out|clarify)|need to (?:decide|find out|clarify)"
    r"|are not sure)(?: yet)? (?:whether|if|who|what|when|where|how|why|which|on|about)\b|\b(?:not|never)(?: yet"
    r"| been)* (?:decided|agreed|settled)(?: yet)? (?:whether|if|who|what|when|how|which|on)\b|\bi wonder (?:whether"
    r"|if|who|what|when|how|why|which)\b"
)
_ROUTINE = re.compile(
    rf"^{FILLERS}(?:can (?:you|everybody|everyone|anybody) (?:all )?(?:hear|see)|(?:any|are there any"
    r"|anything)(?: other| more| else)?(?: questions?| comments?)?$|(?:shall|should|can) we (?:start|begin|go on"
    r"|move on|continue)|are (?:you|we)(?: all)? ready|how are (?:you|we)|is that (?:right|correct|okay|clear|fine)"
    r"|right$|okay$|(?:who|what) is next|does that make sense|anything else|is (?:everybody|everyone) here|(?:what"
    r"|how) do you mean|do you (?:know what i mean|agree)|sorry what)\b"
)
_REQUEST = re.compile(r"\b(?:can|could|would) you (?!confirm|tell|say|explain)")
_PREAMBLE = re.compile(rf"^{FILLERS}(?:(?:one|another|a|my)(?: more| other| last| next| first)* question(?: is)? )?")


def find_open_questions(said: Sequence[Sentence], people: People) -> tuple[Finding, ...]:
    """All open questions in the order in which they came up."""
    found: list[tuple[frozenset[str], Finding]] = []
    for index, sentence in enumerate(said):
        support = _support(said, index, people)
        words = content_words(sentence.plain)
        if support is None or any(len(words & known) >= max(2, 0.7 * len(words)) for known, _ in found):
            continue
        ids = tuple(dict.fromkeys((sentence.utterance_id, *(one.utterance_id for one in support))))
        found.append((words, Finding(text=_text(sentence, people), evidence=ids)))
    return tuple(finding for _, finding in found)


def _support(said: Sequence[Sentence], index: int, people: People) -> tuple[Sentence, ...] | None:
    """The sentences that leave a question open (perhaps none); `None` if this is no open question."""
    sentence = said[index]
    if not is_question(sentence, people.pattern):
        return () if _OPEN.search(sentence.plain) else None
    if _ROUTINE.match(sentence.plain) or _REQUEST.search(sentence.plain) or len(sentence.plain.split()) < 3:
        return None
    return _left_open(said, index, people)


def _left_open(said: Sequence[Sentence], index: int, people: People) -> tuple[Sentence, ...] | None:
    asked = said[index]
    same_turn = [one for one in said[index + 1 :] if one.turn == asked.turn]
    if same_turn and not is_question(same_turn[0], people.pattern):
        unsure = next((one for one in same_turn if IGNORANCE.search(one.plain)), None)
        if unsure is not None:
            return (unsure,)
    replies = [one for one in said[index + 1 :] if asked.turn < one.turn <= asked.turn + 1]
    if not replies:
        return () if asked.turn == said[-1].turn and not same_turn else None
    unsure = next((one for one in replies[:3] if IGNORANCE.search(one.plain)), None)
    if unsure is not None:
        return (unsure,)
    return () if replies[0].label == asked.label or is_question(replies[0], people.pattern) else None


def _text(sentence: Sentence, people: People) -> str:
    preamble = _PREAMBLE.match(sentence.plain)
    text = people.reads(sentence.excerpt(preamble.end() if preamble else 0, len(sentence.plain)))
    return text if text.endswith("?") or not is_question(sentence, people.pattern) else f"{text}?"
