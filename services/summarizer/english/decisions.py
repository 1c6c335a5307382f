"""Decisions: what was said to be decided, and proposals to which somebody else agreed."""

import re
from collections.abc import Sequence

from libs.common.minutes import Finding
from services.summarizer.english.cues import AGREEMENT, FILLERS, HYPOTHETICAL, content_words, filler_length, is_question
from services.summarizer.english.denials import denials, is_embedded, speaks_for_another
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
    """All decisions in the order in which they were made; one that is repeated is listed once, with all evidence.

    One that is denied right away is none, and neither is what was said of it before.
    """
    found: list[Finding] = []
    for index in range(len(said)):
        finding = _decision(said, index, people)
        if finding is None:
            continue
        if denials(said, index, people.pattern):
            found = [known for known in found if not _repeats(finding.text, known.text)]
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
        settled = _settled(said, index, people)
        return _finding(people, settled, settled, sentence) if settled else None
    if _is_decided(sentence, people):
        asked = _asked_before(said, index, people)
        return _finding(people, sentence, *((asked,) if asked else ()), sentence)
    if _PROPOSED.match(sentence.plain):
        return _accepted(said, index, people)
    return None


def _is_decided(sentence: Sentence, people: People) -> bool:
    match = _DECIDED.search(sentence.plain)
    if match is None or is_question(sentence, people.pattern) or is_embedded(sentence, match.start()):
        return False
    is_firm = not HYPOTHETICAL.search(sentence.plain[: match.end()]) and not _UNDECIDED.search(sentence.plain)
    return is_firm and len(sentence.plain[match.end() :].split()) >= 2


def _settled(said: Sequence[Sentence], index: int, people: People) -> Sentence | None:
    """What `that is decided` speaks of: the last statement before it, if that stands."""
    at = next((at for at in reversed(range(index)) if len(content_words(said[at].plain)) >= _TELLING), None)
    if at is None or is_question(said[at], people.pattern) or denials(said, at, people.pattern):
        return None
    return None if speaks_for_another(said[at]) else said[at]


def _asked_before(said: Sequence[Sentence], index: int, people: People) -> Sentence | None:
    """The question to which a decision is the answer."""
    sentence = said[index]
    turn = [at for at in range(max(0, index - 2), index) if said[at].turn == sentence.turn]
    first = min(turn, default=index)
    before = said[first - 1] if first else None
    is_answer = before is not None and before.turn == sentence.turn - 1 and AGREEMENT.match(said[first].plain)
    return before if before is not None and is_answer and is_question(before, people.pattern) else None


def _accepted(said: Sequence[Sentence], index: int, people: People) -> Finding | None:
    """A proposal to which the next speaker agrees; where the answer states the decision itself, that is the one."""
    sentence = said[index]
    at = next((at for at in range(index + 1, len(said)) if said[at].turn > sentence.turn), None)
    if at is None or said[at].label == sentence.label or not AGREEMENT.match(said[at].plain):
        return None
    states = any(_is_decided(one, people) for one in said[at : at + 2] if one.turn == said[at].turn)
    is_kept = not states and not denials(said, at, people.pattern)
    if not is_kept:
        return None
    finding = _finding(people, sentence, sentence, said[at])
    if not is_question(sentence, people.pattern):
        return finding
    return finding.model_copy(update={"text": f"{finding.text.rstrip('?')}? {people.reads(said[at].text)}"})


def _finding(people: People, sentence: Sentence, *evidence: Sentence) -> Finding:
    ids = (one.utterance_id for one in evidence)
    text = people.reads(sentence.excerpt(_beginning(sentence), len(sentence.plain)))
    return Finding(text=text, evidence=tuple(dict.fromkeys(ids)))


def _beginning(sentence: Sentence) -> int:
    """Where the decision begins: after fillers and, without punctuation, after what was said before it."""
    match = _DECIDED.search(sentence.plain)
    if sentence.is_bare and match and len(sentence.plain[match.end() :].split()) >= 3:
        return match.start()
    fillers = filler_length(sentence.plain)
    return fillers + len("no ") if sentence.plain.startswith("no ", fillers) else fillers


def _repeats(text: str, known: str) -> bool:
    words, others = content_words(text.lower()), content_words(known.lower())
    shared = len(words & others)
    return shared >= 3 and shared >= 0.7 * min(len(words), len(others))
