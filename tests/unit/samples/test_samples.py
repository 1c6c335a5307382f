"""The committed sample meetings are whole, and can be made again."""

import json
import re
from pathlib import Path

import pytest

from evaluation.recordings import Recording, read_folder
from libs.common.audio import audio_duration
from libs.common.rttm import read_rttm
from libs.common.speech import Segment, speech_duration
from scripts.make_samples import make_sample
from scripts.sample_meeting.scenario import Scenario, read_scenario
from scripts.sample_meeting.voice import is_installed

SAMPLES = Path(__file__).parents[3] / "samples"
NAMES = ("planning", "short")
LARGEST_TOTAL_BYTES = 4_000_000


def sample(name: str) -> Recording:
    return read_folder(SAMPLES / name)[0]


def scenario(name: str) -> Scenario:
    return read_scenario(SAMPLES / name / "scenario.yaml")


def test_the_meeting_has_four_voices_of_which_one_is_a_stranger() -> None:
    planning = sample("planning")
    assert len(planning.people) == 4
    assert len(planning.people - planning.clips.keys()) == 1
    assert 100 <= audio_duration(planning.audio) <= 140


def test_the_short_one_has_two_voices_of_which_one_is_a_stranger() -> None:
    short = sample("short")
    assert len(short.people) == 2
    assert len(short.people - short.clips.keys()) == 1
    assert 15 <= audio_duration(short.audio) <= 25


def test_somebody_is_interrupted() -> None:
    turns = sample("planning").turns
    assert sum(turn.duration for turn in turns) - speech_duration(turns) > 0.2


def test_all_audio_together_stays_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*.flac")) < LARGEST_TOTAL_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_turns_lie_within_the_recording(name: str) -> None:
    recording = sample(name)
    assert max(turn.end for turn in recording.turns) <= audio_duration(recording.audio)


@pytest.mark.parametrize("name", NAMES)
def test_every_utterance_spans_turns_of_the_same_person(name: str) -> None:
    recording = sample(name)
    for said in recording.utterances:
        own = [turn for turn in recording.turns if turn.label == said.label and turn.overlap(said)]
        assert own, f"nobody talks during {said.text!r}"
        span = Segment(start=own[0].start, end=own[-1].end)
        assert (span.start, span.end) == pytest.approx((said.start, said.end), abs=0.002)


@pytest.mark.parametrize("name", NAMES)
def test_every_turn_belongs_to_an_utterance(name: str) -> None:
    recording = sample(name)
    for turn in recording.turns:
        shared = sum(turn.overlap(said) for said in recording.utterances if said.label == turn.label)
        assert shared == pytest.approx(turn.duration, abs=0.004)


@pytest.mark.parametrize("name", NAMES)
def test_enrolment_clips_are_long_enough_and_say_something_else(name: str) -> None:
    recording = sample(name)
    said = {said.text.lower() for said in recording.utterances}
    for clip in (clip for clips in recording.clips.values() for clip in clips):
        assert audio_duration(clip) >= 10
    for text in scenario(name).clips.values():
        assert said.isdisjoint(sentence.strip().lower() for sentence in re.split(r"(?<=[.?!])\s", text))


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_names_what_is_there(name: str) -> None:
    folder, recording = SAMPLES / name, sample(name)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert folder / manifest["meeting"] == recording.audio
    assert {
        one["name"]: tuple(folder / clip for clip in one["clips"]) for one in manifest["speakers"]
    } == recording.clips
    assert set(manifest["strangers"]) == recording.people - recording.clips.keys()
    assert (folder / manifest["rttm"]).exists()
    assert (folder / manifest["stm"]).exists()


@pytest.mark.skipif(not is_installed(), reason="flite is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_the_script_makes_the_same_meeting_again(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    make_sample(scenario(name), folder)
    committed, made = sample(name), read_folder(folder)[0]
    assert audio_duration(made.audio) == pytest.approx(audio_duration(committed.audio), abs=0.01)
    assert made.turns == read_rttm((SAMPLES / name / f"{name}.rttm").read_text(encoding="utf-8"))
    assert made.utterances == committed.utterances
    assert made.clips.keys() == committed.clips.keys()
    assert (folder / "manifest.json").read_bytes() == (SAMPLES / name / "manifest.json").read_bytes()
