"""Decisions: what was said to be decided, and proposals to which somebody else agreed."""

import re
from collections.abc import Sequence

from libs.common.minutes import Finding
from services.summarizer.english.cues import AGREEMENT, FILLERS, HYPOTHETICAL, content_words, is_question
from services.summarizer.english.people import People
from services.summarizer.sentences import Sentence

_DECIDED = re.compile(
    r"\bwe (?:have |had )?(?:now |just |all |also |already |finally )*(?:decided|agreed|settled on|resolved"
    r"|concluded|chosen|voted)\b"
    r"|\b(?:it|that|this) (?:is|was|has been)(?: now| hereby| then)? (?:decided|agreed|settled)\b"
    r"|\b(?:the|our|my|final) decision (?:is|was)\b|^decision\b|\b(?:is|are|has been|have been) (?:approved|rejected)\b"
    r"|\bwe (?:will|are going to) go (?:ahead )?with\b|\bwe (?:are going|go) with\b|\blet us go (?:ahead )?with\b"
    r"|\bwe (?:will|are going to) stick (?:with|to)\b|\blet us stick (?:with|to)\b"
    r"|^(?:so|okay|ok|alright|agreed|then)(?: then| so)* we (?:will|are going to|are not going to) (?!see\b"
    r"|have to\b|be\b|talk\b)"
)
_UNDECIDED = re.compile(
    r"\b(?:not|never)(?: yet| been| really| finally| all)* (?:decided|agreed|settled|approved|rejected)\b"
    r"|\b(?:if|once|when|whether|until|before|after|unless|assuming|as soon as) (?:we|it|that|this"
    r"|the decision)\b[\w ]*?\b"
    r"(?:decided|agreed|settled|approved|decision)\b|\b(?:have|need|has|needs) to (?:decide|agree)\b"
)
_PROPOSED = re.compile(
    rf"^{FILLERS}(?:let us|i (?:would )?(?:propose|suggest)|my (?:proposal|suggestion) is|how about|shall we"
    r"|should we|we should"
    r"|why do we not|could we|can we) (?!go on|move on|start|begin|talk|see|come back|continue|get started|wrap|take a)"
)
_CONFIRMED = re.compile(rf"^{FILLERS}(?:it|that|this) (?:is|was)(?: now| then)? (?:decided|agreed|settled)(?: then)?$")


def find_decisions(said: Sequence[Sentence], people: People) -> tuple[Finding, ...]:
    """All decisions in the order in which they were made."""
    found: list[tuple[frozenset[str], Finding]] = []
    for index, sentence in enumerate(said):
        finding = _decision(said, index, people)
        if finding is None:
            continue
        words = content_words(sentence.plain)
        if not any(_repeats(words, known) for known, _ in found):
            found.append((words, finding))
    return tuple(finding for _, finding in found)


def _decision(said: Sequence[Sentence], index: int, people: People) -> Finding | None:
    sentence = said[index]
    if _CONFIRMED.match(sentence.plain) and index > 0:
        return _finding(people, said[index - 1], sentence)
    match = _DECIDED.search(sentence.plain)
    if match is not None and not is_question(sentence, people.pattern):
        is_firm = not HYPOTHETICAL.search(sentence.plain[: match.end()]) and not _UNDECIDED.search(sentence.plain)
        return _finding(people, sentence) if is_firm and len(sentence.plain[match.end() :].split()) >= 2 else None
    if _PROPOSED.match(sentence.plain):
        answer = next((one for one in said[index + 1 :] if one.turn > sentence.turn), None)
        is_taken = answer is not None and answer.label != sentence.label and AGREEMENT.match(answer.plain)
        return _finding(people, sentence, answer) if answer is not None and is_taken else None
    return None


def _finding(people: People, sentence: Sentence, support: Sentence | None = None) -> Finding:
    ids = (sentence.utterance_id, *((support.utterance_id,) if support else ()))
    text = people.reads(sentence.excerpt(_beginning(sentence), len(sentence.plain)))
    return Finding(text=text, evidence=tuple(dict.fromkeys(ids)))


def _beginning(sentence: Sentence) -> int:
    """Where the decision begins: after fillers and, without punctuation, after what was said before it."""
    match = _DECIDED.search(sentence.plain)
    if sentence.is_bare and match and len(sentence.plain[match.end() :].split()) >= 3:
        return match.start()
    fillers = re.match(FILLERS, sentence.plain)
    return fillers.end() if fillers else 0


def _repeats(words: frozenset[str], known: frozenset[str]) -> bool:
    shared = len(words & known)
    return shared >= 3 and shared >= 0.7 * min(len(words), len(known))
