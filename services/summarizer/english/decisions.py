"""Decisions: what was said to be decided, and proposals to which somebody else agreed."""

import re
from collections.abc import Sequence

from libs.common.minutes import Finding
from services.summarizer.english.cues import AGREEMENT, FILLERS, HYPOTHETICAL, content_words, filler_length, is_question
from services.summarizer.english.people import People
from services.summarizer.sentences import Sentence

_DECIDED = re.compile(
    r"\bwe (?:have |had )?(?:now |just |all |also |already |finally )*(?:decided|agreed|settled on|resolved|concluded"
    r"|chosen|voted)\b|\b(?:it|that|this) (?:is|was|has been)(?: now| hereby| then)? (?:decided|agreed|settled)\b"
    r"|\b(?:the|our|my|final) decision (?:is|was)\b|^decision\b|\b(?:is|are|has been|have been) (?:approved"
    r"|rejected)\b|\bwe (?:will|are going to) go (?:ahead )?with\b|\bwe (?:are going|go) with\b"
    r"|\blet us go (?:ahead )?with\b|\bwe (?:will|are going to) stick (?:with|to)\b|\blet us stick (?:with|to)\b"
    r"|^(?:so|okay|ok|alright|agreed|then)(?: then| so)* we (?:will|are going to|are not going to) (?!see\b|have to\b"
    r"|be\b|talk\b)"
)
_UNDECIDED = re.compile(
    r"\b(?:not|never)(?: yet| been| really| finally| all)* (?:decided|agreed|settled|approved|rejected)\b|\b(?:if|once"
    r"|when|whether|until|before|after|unless|assuming|as soon as) (?:we|it|that|this"
    r"|the decision)\b[\w ]*?\b(?:decided|agreed|settled|approved|decision)\b|\b(?:have|need|has|needs) to (?:decide"
    r"|agree)\b"
)
_PROPOSED = re.compile(
    rf"^{FILLERS}(?:let us|i (?:would )?(?:propose|suggest)|my (?:proposal|suggestion) is|how about|shall we"
    r"|should we|we should|why do we not|could we|can we) (?!go on|move on|start|begin|talk|see|come back|continue"
    r"|get started|wrap|take a)"
)
_CONFIRMED = re.compile(
    rf"^{FILLERS}(?:it|that|this) (?:is|was)(?: now| then)? (?:decided|agreed|settled)\b(?! that\b| to\b| by\b)"
)
_TELLING = 3
"""Words with a meaning of their own that a decision has."""


def find_decisions(said: Sequence[Sentence], people: People) -> tuple[Finding, ...]:
    """All decisions in the order in which they were made; one that is repeated is listed once, with all evidence."""
    found: list[Finding] = []
    for index in range(len(said)):
        finding = _decision(said, index, people)
        if finding is None:
            continue
        same = next((at for at, known in enumerate(found) if _repeats(finding.text, known.text)), None)
        if same is None:
            found.append(finding)
        else:
            evidence = tuple(dict.fromkeys((*found[same].evidence, *finding.evidence)))
            found[same] = found[same].model_copy(update={"evidence": evidence})
    return tuple(found)


def _decision(said: Sequence[Sentence], index: int, people: People) -> Finding | None:
    sentence = said[index]
    if _CONFIRMED.match(sentence.plain):
        settled = next((one for one in reversed(said[:index]) if len(content_words(one.plain)) >= _TELLING), None)
        return _finding(people, settled, sentence) if settled else None
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
    return filler_length(sentence.plain)


def _repeats(text: str, known: str) -> bool:
    words, others = content_words(text.lower()), content_words(known.lower())
    shared = len(words & others)
    return shared >= 3 and shared >= 0.7 * min(len(words), len(others))
