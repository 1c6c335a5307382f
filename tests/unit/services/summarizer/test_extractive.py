import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.common.minutes import Findings
from libs.common.speech import Word
from libs.common.transcript import Transcript, Utterance
from services.summarizer.engines import MinutesRequest
from services.summarizer.engines.extractive import Extractive
from tests.unit.services.summarizer.meetings import PERSONAS, Lines, minutes_of, request_for

MEETING: Lines = [
    ("Anna", "Good morning. Today we talk about the launch of the new shop."),
    ("Ben", "The database migration of the shop is not finished, and the import of the orders fails."),
    ("Anna", "Then the launch of the shop is at risk. We have decided to launch the shop on the fifth of May."),
    ("Ben", "I will repair the import of the orders by Friday."),
    ("SPEAKER_02", "Who will inform the customers about the launch?"),
    ("Anna", "That is an open question."),
    ("Ben", "The database needs a bigger server for the shop, because the import takes too much memory."),
    ("Anna", "The budget for a bigger server is approved by the bank."),
]


def evidence_of(findings: Findings) -> set[str]:
    cited = set(findings.summary_evidence)
    for one in (*findings.decisions, *findings.open_questions, *findings.topics):
        cited |= set(one.evidence)
    for item in findings.action_items:
        cited |= set(item.evidence)
    return cited | {one for section in findings.sections for each in section.findings for one in each.evidence}


def test_the_summary_quotes_speakers_by_name_in_the_order_of_the_meeting() -> None:
    findings = minutes_of(MEETING)

    assert list(findings.summary_evidence) == sorted(findings.summary_evidence)
    assert all(line.split(":")[0] in {"Anna", "Ben", "SPEAKER_02"} for line in findings.summary.splitlines())
    assert "We have decided to launch the shop on the fifth of May." in findings.summary


def test_the_executive_gets_a_shorter_summary_than_the_project_manager() -> None:
    short, long = (minutes_of(MEETING, persona=one).summary for one in ("executive", "project_manager"))

    assert len(short) < len(long)


def test_the_engineer_gets_technical_points_and_the_project_manager_risks() -> None:
    (points,) = minutes_of(MEETING, persona="engineer").sections
    (risks,) = minutes_of(MEETING, persona="project_manager").sections

    assert (points.name, [one.evidence for one in points.findings][:1]) == ("technical_points", [("u2",)])
    assert (risks.name, [one.evidence for one in risks.findings]) == ("risks", [("u2",), ("u3",)])


def test_what_a_persona_cares_for_is_more_likely_to_be_in_its_summary() -> None:
    things = ("garden", "kitchen", "river", "winter", "coffee", "contract", "mountain", "bicycle", "window", "bottle")
    lines = [("Ben", f"The old {thing} looks quite beautiful in the morning.") for thing in things]

    assert "contract" in minutes_of(lines, persona="executive").summary
    assert "contract" not in minutes_of(lines, persona="engineer").summary


def test_quotes_without_punctuation_lose_their_fillers_and_get_capitals() -> None:
    lines = [("Ben", "okay so the supplier from january wants more money than anna has")]

    summary = minutes_of([*lines, ("Anna", "yes")]).summary

    assert summary == "Ben: The supplier from January wants more money than Anna has."


def test_topics_are_what_is_said_again_and_again() -> None:
    assert "shop" in minutes_of(MEETING).topics[0].text


def test_an_empty_transcript_has_empty_minutes() -> None:
    assert minutes_of([]) == Findings(summary="", sections=minutes_of([]).sections)


def test_other_languages_get_a_summary_and_say_what_is_missing() -> None:
    lines = [("Anna", "Wir haben beschlossen, im Mai zu starten."), ("Ben", "I will send the report by Friday.")]

    (call,) = Extractive().plan(request_for(lines, language="de"), {}).calls
    answer = Extractive().answer(call)

    assert [one.code for one in answer.caveats] == ["minutes_language_limited"]
    assert answer.findings is not None
    assert answer.findings.action_items == ()
    assert answer.findings.summary


def test_english_has_no_caveat() -> None:
    (call,) = Extractive().plan(request_for(MEETING, language="en-US"), {}).calls

    assert Extractive().answer(call).caveats == ()


def test_the_engine_names_the_libraries_that_rank() -> None:
    info = Extractive().info

    assert info.name == "extractive"
    assert "scikit-learn" in info.models["ranking"]


def test_six_hours_are_read_to_the_end_in_seconds() -> None:
    lines = [
        (("Anna", "Ben")[index % 2], f"The part number{index} of the plan{index % 97} is about item{index % 31} today.")
        for index in range(6_000)
    ]
    lines.append(("Ben", "I will send the report to the harbour by Friday."))

    started = time.monotonic()
    findings = minutes_of(lines)

    assert time.monotonic() - started < 60
    assert [one.task for one in findings.action_items] == ["Send the report to the harbour"]


PHRASES = st.sampled_from(
    [
        "I will",
        "send",
        "the report",
        "by Friday",
        "We have decided",
        "to",
        "can you",
        "Ben",
        "please",
        "who will",
        "pay?",
        "yes",
        "no",
        "not",
        "if",
        "let's",
        "do that",
        "we do not know",
        "next",
        "Tuesday",
        "the 31 of february",
        "'s",
        "...",
        "??",
        "ü",
        "今日",
        "$ 5.00",
        "I'll",
        "maybe",
        "",
    ]
)
LINES = st.lists(st.tuples(st.sampled_from(["Anna", "Ben", "SPEAKER_02"]), st.lists(PHRASES, max_size=12)), max_size=8)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(LINES, st.sampled_from(PERSONAS.ids), st.sampled_from(["en", None, "de"]))
def test_any_transcript_gives_minutes_whose_evidence_exists(
    lines: list[tuple[str, list[str]]], persona: str, language: str | None
) -> None:
    utterances = tuple(
        Utterance(
            start=float(number),
            end=number + 1.0,
            label=label,
            id=f"u{number}",
            text=" ".join(" ".join(parts).split()),
            words=tuple(
                Word(start=number, end=number + 0.5, text=word, probability=0.5) for word in " ".join(parts).split()
            ),
        )
        for number, (label, parts) in enumerate(lines)
    )
    request = MinutesRequest(
        persona=PERSONAS.get(persona), transcript=Transcript(language=language, utterances=utterances), names={}
    )

    findings = Extractive().find(request)

    assert evidence_of(findings) <= {one.id for one in utterances}
    assert findings.checked({one.id for one in utterances}) == findings
