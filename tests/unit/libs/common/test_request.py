"""The settings of a run: what they replace, and what follows from them."""

import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from libs.common.events import EVENTS, MeetingEvent, SpeechDiarized
from libs.common.outcome import PublishedEvent, Report, Unit
from libs.common.request import MeetingRequest, RunSettings
from libs.common.speech import SpeakerBounds
from libs.common.streams.entry import entries_of
from services.gateway.runs.status import STAGES

GOLDEN = Path(__file__).parents[3] / "golden" / "events"


def settings(**given: object) -> RunSettings:
    return RunSettings.model_validate({name.replace("__", "."): value for name, value in given.items()})


def test_a_setting_replaces_that_of_the_request_and_leaves_the_others() -> None:
    request = MeetingRequest(language="de", vocabulary=("Hansard",), title="Weekly")
    replaced = request.with_settings(settings(transcriber__language="en-US"))
    assert replaced == request.model_copy(update={"language": "en"})


def test_null_takes_a_setting_back() -> None:
    request = MeetingRequest(language="de", vocabulary=("Hansard",), match_threshold=0.7)
    given = settings(transcriber__language=None, transcriber__vocabulary=None, diarizer__match_threshold=None)
    assert request.with_settings(given) == MeetingRequest()


def test_an_exact_number_of_voices_takes_back_a_range_and_the_other_way_round() -> None:
    ranged = MeetingRequest(speaker_bounds=SpeakerBounds(min_speakers=2, max_speakers=5))
    exact = ranged.with_settings(settings(diarizer__num_speakers=3))
    assert exact.speaker_bounds == SpeakerBounds(num_speakers=3)
    assert exact.with_settings(settings(diarizer__max_speakers=4)).speaker_bounds == SpeakerBounds(max_speakers=4)


def test_bounds_that_contradict_each_other_are_refused() -> None:
    request = MeetingRequest(speaker_bounds=SpeakerBounds(min_speakers=5))
    with pytest.raises(ValueError, match="min_speakers is larger"):
        request.with_settings(settings(diarizer__max_speakers=4))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"diarizer__speakers": 3}, "there is no setting diarizer.speakers; there are diarizer.num_speakers, "),
        ({"max_speakers": 3}, "there is no setting max_speakers"),
        ({"diarizer__max_speakers": 0}, "greater than or equal to 1"),
        ({"diarizer__match_threshold": 1.5}, "less than or equal to 1"),
        ({"transcriber__language": "English"}, "use a code such as en"),
        ({"transcriber__vocabulary": ["a\x00b"]}, "control characters"),
        ({"summarizer__recorded_at": "2026-03-02T10:00:00"}, "timezone"),
    ],
)
def test_a_setting_that_does_not_exist_or_is_wrong_is_refused(given: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        settings(**given)


def test_a_request_shows_its_settings_under_the_names_by_which_they_are_given() -> None:
    request = MeetingRequest(
        speaker_bounds=SpeakerBounds(max_speakers=4),
        match_threshold=0.0,
        vocabulary=("Hansard",),
        recorded_at=datetime.datetime(2026, 3, 2, 10, tzinfo=datetime.UTC),
    )
    assert request.settings.given == {
        "diarizer.max_speakers": 4,
        "diarizer.match_threshold": 0.0,
        "transcriber.vocabulary": ["Hansard"],
        "summarizer.recorded_at": "2026-03-02T10:00:00Z",
    }
    assert MeetingRequest().with_settings(request.settings) == request


def test_every_setting_concerns_a_stage() -> None:
    assert {stage for stages in RunSettings.names().values() for stage in stages} <= set(STAGES)


def test_only_options_that_an_older_release_lacks_ask_for_a_newer_worker() -> None:
    older = MeetingRequest(language="de", speaker_bounds=SpeakerBounds(num_speakers=3))
    assert (older.revision, MeetingRequest(match_margin=0.0).revision) == (1, 2)
    readable = {event.revision for event in EVENTS.values() if issubclass(event, MeetingEvent)}
    assert readable == {2}


def test_an_entry_says_which_revision_its_reader_needs() -> None:
    written = (GOLDEN / "speech.diarized.v1~2.json").read_text(), (GOLDEN / "speech.diarized.v1.json").read_text()
    events = [PublishedEvent.of(SpeechDiarized.model_validate_json(one)) for one in written]
    report = Report(started_at=datetime.datetime.now(datetime.UTC), seconds=0, attempts=1)
    entries = entries_of(Unit(run_id="r", stage="diarize"), tuple(events), report)
    assert [one.revision for one in entries] == [2, 1]
