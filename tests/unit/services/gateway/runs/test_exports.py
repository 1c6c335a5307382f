"""Results as files."""

import pytest

from libs.common.engine import EngineInfo
from libs.common.minutes import ActionItem, Finding, Minutes
from libs.common.outcome import Warned
from libs.common.speech import Word
from libs.common.transcript import Gap
from services.gateway.runs.exports import clock, export
from services.gateway.runs.subtitles import MAX_LENGTH, MAX_SECONDS, subtitles
from services.gateway.schemas.results import NamedUtterance, Results, ResultSpeaker


def said(number: int, start: float, text: str, *, name: str | None = "Ana <b>", pace: float = 0.4) -> NamedUtterance:
    words = tuple(
        Word(start=start + place * pace, end=start + (place + 0.9) * pace, text=word, probability=0.9)
        for place, word in enumerate(text.split())
    )
    end = words[-1].end if words else start + 1
    return NamedUtterance(
        id=f"u{number:04d}", start=start, end=end, label="SPEAKER_00", name=name, text=text, words=words
    )


def results(*utterances: NamedUtterance, minutes: dict[str, Minutes] | None = None) -> Results:
    speaker = ResultSpeaker(
        label="SPEAKER_00", speaker_id="s", name="Ana <b>", score=0.9, reason="matched", speech_seconds=3.0
    )
    return Results(
        meeting_id="m", run_id="r", title="Plan *B*", duration=4000.0, language="en", speakers=(speaker,),
        utterances=utterances, gaps=(Gap(start=60, end=90, code="engine_crashed", message="it died"),),
        minutes=minutes or {}, pending_personas=("engineer",), engines={"transcribe": EngineInfo(name="pocketsphinx")},
        warnings=(Warned(code="option_ignored", message="vocabulary is ignored", stage="transcribe"),),
    )  # fmt: skip


LONG = " ".join(f"word{number}" for number in range(200))


def test_subtitles_are_short_enough_to_read() -> None:
    shown = subtitles(results(said(1, 0.0, LONG)))
    assert " ".join(one.text for one in shown) == LONG
    assert max(len(one.text) for one in shown) <= MAX_LENGTH
    assert max(one.end - one.start for one in shown) <= MAX_SECONDS


def test_no_word_is_left_alone_at_the_end() -> None:
    text = "could we move the launch to the end of march then we would have it all in one release"
    first, second = (len(one.text) for one in subtitles(results(said(1, 0.0, text, pace=0.2))))
    assert abs(first - second) < 20


def test_slow_speech_is_cut_by_time() -> None:
    shown = subtitles(results(said(1, 0.0, "a b c d e f g h i j", pace=1.2)))
    assert max(one.end - one.start for one in shown) <= MAX_SECONDS
    assert len(shown) == 2


def test_subtitles_begin_at_their_words() -> None:
    first, second = subtitles(results(said(1, 10.0, "hello there"), said(2, 12.0, "yes")))
    assert (first.start, first.text, second.start) == (10.0, "hello there", 12.0)
    assert second.end == 13.0  # long enough to be seen


def test_a_short_subtitle_does_not_cover_the_next() -> None:
    first, _ = subtitles(results(said(1, 10.0, "yes"), said(2, 10.5, "no")))
    assert first.end == 10.5


def test_srt_is_numbered_and_has_commas() -> None:
    text = export(results(said(1, 3661.5, "hello there")), "srt")
    assert text == "1\n01:01:01,500 --> 01:01:02,500\nAna <b>: hello there\n"


def test_vtt_escapes_what_would_be_markup() -> None:
    text = export(results(said(1, 1.0, "a<b & c")), "vtt")
    assert text == "WEBVTT\n\n00:00:01.000 --> 00:00:02.160\n<v Ana &lt;b&gt;>a&lt;b &amp; c\n"


def test_text_names_who_talks() -> None:
    text = export(results(said(1, 61.0, "hello"), said(2, 70.0, "yes", name=None)), "txt")
    assert text == "[01:01] Ana <b>: hello\n\n[01:10] SPEAKER_00: yes\n"


def test_markdown_links_minutes_to_what_they_rest_on() -> None:
    minutes = Minutes(
        persona="executive", title="For the executive", summary="All *well*", summary_evidence=("u0001",),
        decisions=(
            Finding(text="ship it", evidence=("u0001",)), Finding(text="unsaid", evidence=(), is_supported=False),
        ),
        action_items=(ActionItem(task="call Bo", assignee="Ana", due=None, due_text="Friday", evidence=("u0002",)),),
        engine=EngineInfo(name="extractive"),
    )  # fmt: skip
    text = export(results(said(1, 5.0, "hi"), said(2, 65.0, "ok"), minutes={"executive": minutes}), "md")
    assert text.startswith("# Plan \\*B\\*\n")
    assert "All \\*well\\* [00:05](#u0001)" in text
    assert "- ship it [00:05](#u0001)\n" in text
    assert "- unsaid *(rests on nothing in the transcript)*" in text
    assert "- [ ] call Bo — Ana, due Friday [01:05](#u0002)" in text
    assert '<a id="u0001"></a>**Ana \\<b\\>** 00:05' in text
    assert "01:00 to 01:30 could not be transcribed: it died" in text
    assert "engineer are still being written" in text
    assert "transcribe: pocketsphinx" in text
    assert "### Open questions" not in text


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, "00:00"), (59.99, "00:59"), (3600.0, "1:00:00"), (36061, "10:01:01")]
)
def test_clock_has_hours_only_where_there_are_any(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
