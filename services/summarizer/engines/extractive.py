"""Minutes out of the transcript's own sentences: no model, no account, no network.

The summary is ranked by LexRank in any language. Decisions, action items and open questions are found by rules that
read English.
"""

from collections.abc import Mapping, Sequence

from libs.common.engine import EngineInfo
from libs.common.minutes import Finding, Findings, Section
from libs.common.personas import Persona
from libs.common.progress import report
from services.summarizer.engines import Answer, Call, Caveat, MinutesRequest, Plan
from services.summarizer.english.commitments import Commitments
from services.summarizer.english.decisions import find_decisions
from services.summarizer.english.people import People
from services.summarizer.english.questions import find_open_questions
from services.summarizer.quotes import Quotes
from services.summarizer.ranking import METHOD
from services.summarizer.sentences import Sentence, sentences
from services.summarizer.summary import SHORT, mentions, summary_sentences
from services.summarizer.topics import find_topics

REVISION = "2"
"""Raise it when the rules change, so that no answer of older rules comes out of the cache."""


class Extractive:
    """Quotes what matters to a persona, and lists what was decided, promised and left open."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="extractive", models={"ranking": METHOD, "rules": f"english@{REVISION}"})

    def plan(self, request: MinutesRequest, answers: Mapping[str, Answer]) -> Plan:
        """One call for the whole meeting."""
        call = Call(name="all", asked=request.model_dump_json())
        answer = answers.get(call.digest)
        return Plan(calls=(call,)) if answer is None else Plan(findings=answer.findings)

    def answer(self, call: Call) -> Answer:
        request = MinutesRequest.model_validate_json(call.asked)
        language = request.transcript.language
        caveats = () if _is_english(language) else (_limited(language),)
        return Answer(findings=self.find(request), caveats=caveats)

    def find(self, request: MinutesRequest) -> Findings:
        """What is in the transcript; where nothing was said, nothing."""
        is_english = _is_english(request.transcript.language)
        said = sentences(request.transcript, request.names.values(), is_english=is_english)
        people = People.of(request.names.values(), request.vocabulary, said if is_english else ())
        speakers = {one.label: request.speaker(one.label) for one in request.transcript.utterances}
        quotes = Quotes(people=people, speakers=speakers, is_english=is_english)
        stated = _stated(said, people, speakers, request) if is_english else Findings(summary="")
        report(0.3)
        quoted = summary_sentences(
            said,
            request.persona.extraction,
            quotes,
            stated.decisions,
            stated.action_items,
            duration=max((one.end for one in request.transcript.utterances), default=0.0),
            report=lambda fraction: report(0.3 + 0.6 * fraction),
        )
        added = {
            "summary": quotes.lines(quoted),
            "summary_evidence": tuple(dict.fromkeys(one.utterance_id for one in quoted)),
            "topics": find_topics(said, tuple(speakers.values()), is_english=is_english),
            "sections": _sections(request.persona, said, quotes, stated),
        }
        report(1.0)
        return stated.model_copy(update=added)


def _is_english(language: str | None) -> bool:
    return language is None or language.lower().startswith("en")


def _stated(said: Sequence[Sentence], people: People, speakers: dict[str, str], request: MinutesRequest) -> Findings:
    return Findings(
        summary="",
        decisions=find_decisions(said, people),
        action_items=Commitments(people, speakers, request.day).find(said),
        open_questions=find_open_questions(said, people),
    )


def _limited(language: str | None) -> Caveat:
    return Caveat(
        code="minutes_language_limited",
        message=f"The extractive engine finds decisions, action items and open questions in English only; for the"
        f" language {language!r} it gives a summary and topics.",
    )


def _sections(persona: Persona, said: Sequence[Sentence], quotes: Quotes, stated: Findings) -> tuple[Section, ...]:
    """Statements with the persona's terms, except those that another part of the minutes already tells."""
    told = [*(one.text for one in stated.decisions), *(one.task for one in stated.action_items)]
    statements = [
        one
        for index, one in enumerate(said)
        if len(one.words) >= SHORT and not quotes.asks(one) and not quotes.is_denied(said, index)
    ]
    untold = [one for one in statements if not any(part.lower() in one.text.lower() for part in told)]
    return tuple(
        Section(
            name=wish.name,
            title=wish.title,
            findings=tuple(
                Finding(text=quotes.attributed(one), evidence=(one.utterance_id,))
                for one in untold
                if mentions(one, wish.terms)
            ),
        )
        for wish in persona.sections
    )
