"""Minutes out of the transcript's own sentences: no model, no account, no network.

The summary is ranked by LexRank in any language. Decisions, action items and open questions are found by rules that
read English.
"""

from collections.abc import Sequence

from libs.common.engine import EngineInfo
from libs.common.minutes import Finding, Findings, Section
from libs.common.personas import Persona
from libs.common.progress import report
from services.summarizer.engines import Answer, Caveat, MinutesRequest
from services.summarizer.english.commitments import Commitments
from services.summarizer.english.cues import content_words, is_question
from services.summarizer.english.decisions import find_decisions
from services.summarizer.english.people import People
from services.summarizer.english.questions import find_open_questions
from services.summarizer.ranking import METHOD, most_central
from services.summarizer.sentences import Sentence, sentences
from services.summarizer.topics import find_topics

REVISION = "1"
"""Part of the engine's name: raise it when the rules change, so that no cached answer of older rules is given."""

_SHORT = 5
"""Words; a shorter sentence says nothing on its own."""

_TELLING = 4
"""Words with a meaning of their own; a sentence with fewer leans on what was said before it."""

_HALF_HOUR = 1800.0
_RANKING_SHARE = 0.7


class Extractive:
    """Quotes what matters to a persona, and lists what was decided, promised and left open."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="extractive", models={"ranking": METHOD, "rules": f"english@{REVISION}"})

    def summarize(self, request: MinutesRequest) -> Answer:
        """Write minutes; where nothing was said, they are empty."""
        language = request.transcript.language
        is_english = language is None or language.lower().startswith("en")
        said = sentences(request.transcript, request.names.values(), is_english=is_english)
        speakers = {one.label: request.speaker(one.label) for one in request.transcript.utterances}
        people = People.of(request.names.values(), request.vocabulary, said if is_english else ())
        decisions = find_decisions(said, people) if is_english else ()
        questions = find_open_questions(said, people) if is_english else ()
        items = Commitments(people, speakers, request.day).find(said) if is_english else ()
        cited = {one for found in (*(d.evidence for d in decisions), *(i.evidence for i in items)) for one in found}
        told = [*(one.text for one in decisions), *(one.task for one in items)]
        summary = _summary(request, said, people, cited, is_english=is_english)
        findings = Findings(
            summary=_quoted(summary, people, speakers, is_english=is_english),
            summary_evidence=tuple(dict.fromkeys(one.utterance_id for one in summary)),
            topics=find_topics(said, tuple(speakers.values()), is_english=is_english),
            sections=_sections(request.persona, said, people, speakers, told),
            decisions=decisions,
            action_items=items,
            open_questions=questions,
        )
        report(1.0)
        return Answer(findings=findings, caveats=() if is_english else (_limited(language),))


def _limited(language: str | None) -> Caveat:
    return Caveat(
        code="minutes_language_limited",
        message=f"The extractive engine finds decisions, action items and open questions in English only; for the"
        f" language {language!r} it gives a summary and topics.",
    )


def _summary(
    request: MinutesRequest, said: Sequence[Sentence], people: People, cited: set[str], *, is_english: bool
) -> list[Sentence]:
    wishes = request.persona.extraction
    duration = max((one.end for one in request.transcript.utterances), default=0.0)
    weights = [_weight(one, wishes.focus_terms, people, one.utterance_id in cited) for one in said]
    chosen = most_central(
        [one.plain for one in said],
        weights if any(weights) else [1.0] * len(said),
        wishes.summary_sentences + int(duration // _HALF_HOUR),
        stop_words="english" if is_english else None,
        said=lambda fraction: report(_RANKING_SHARE * fraction),
    )
    return [said[index] for index in chosen]


def _weight(sentence: Sentence, focus_terms: Sequence[str], people: People, is_cited: bool) -> float:
    words = sentence.plain.split()
    if len(words) < _SHORT:
        return 0.0
    weight = (1.5 if is_cited else 1.0) * min(1.0, len(content_words(sentence.plain)) / _TELLING)
    if _mentions(sentence, focus_terms):
        weight *= 2.0
    if is_question(sentence, people.pattern):
        weight *= 0.4
    return weight


def _mentions(sentence: Sentence, terms: Sequence[str]) -> bool:
    padded = f" {sentence.plain} "
    return any(f" {term.lower()} " in padded or f" {term.lower()}s " in padded for term in terms)


def _quoted(said: Sequence[Sentence], people: People, speakers: dict[str, str], *, is_english: bool) -> str:
    """Sentences under the names of their speakers, one line per speaker in a row."""
    lines: list[str] = []
    previous: str | None = None
    for sentence in said:
        text = _ended(people.reads(sentence.text), sentence, people, is_english=is_english)
        if sentence.label == previous:
            lines[-1] = f"{lines[-1]} {text}"
        else:
            lines.append(f"{speakers[sentence.label]}: {text}")
        previous = sentence.label
    return "\n".join(lines)


def _ended(text: str, sentence: Sentence, people: People, *, is_english: bool) -> str:
    if text.endswith(("?", "!", "…")):
        return text
    return f"{text}?" if is_english and is_question(sentence, people.pattern) else f"{text}."


def _sections(
    persona: Persona, said: Sequence[Sentence], people: People, speakers: dict[str, str], told: Sequence[str]
) -> tuple[Section, ...]:
    """Statements with the persona's terms, except those that another part of the minutes already tells."""
    statements = [one for one in said if len(one.words) >= _SHORT and not is_question(one, people.pattern)]
    untold = [one for one in statements if not any(part.lower() in one.text.lower() for part in told)]
    return tuple(
        Section(
            name=wish.name,
            title=wish.title,
            findings=tuple(
                Finding(text=f"{speakers[one.label]}: {people.reads(one.text)}", evidence=(one.utterance_id,))
                for one in untold
                if _mentions(one, wish.terms)
            ),
        )
        for wish in persona.sections
    )
