"""Recordings with their references, as a folder holds them; README.md says what may lie where."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from libs.common.errors import PipelineError
from libs.common.rttm import read_rttm
from libs.common.speech import Frozen, Turn
from libs.common.transcript import Utterance

AUDIO_SUFFIXES = frozenset({".flac", ".wav", ".mp3", ".m4a", ".mp4", ".ogg", ".opus", ".webm", ".aac"})


Clips = dict[str, tuple[Path, ...]]
"""Name, as in RTTM → enrolment clips."""


class InvalidReference(PipelineError):
    """A folder or a reference file cannot be used."""

    code = "invalid_reference"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One recording and what is known to be true about it."""

    name: str
    audio: Path
    turns: tuple[Turn, ...]
    """Labels are the names of people where clips are given, anything else where they are not."""

    utterances: tuple[Utterance, ...] = ()
    """Who says what; empty if unknown."""

    text: str = ""
    """All that is said, in order; empty if unknown."""

    clips: Clips = field(default_factory=dict)

    splits: tuple[frozenset[str], ...] = ()
    """Whom to enrol, each a passage of its own; empty where nobody can be."""

    @property
    def people(self) -> frozenset[str]:
        """The labels of the reference."""
        return frozenset(turn.label for turn in self.turns)


class _TranscriptFile(Frozen):
    """What is read of a transcript as the API returns it."""

    class Line(Turn):
        name: str | None = None
        text: str

    utterances: tuple[Line, ...]


def read_folder(folder: Path) -> list[Recording]:
    """All recordings in a folder that have an RTTM beside them, by name.

    Raises:
        InvalidReference: There are none, or a reference cannot be read.
    """
    clips = read_clips(folder / "speakers")
    references = sorted(folder.glob("*.rttm"))
    if not references:
        raise InvalidReference(f"{folder} holds no NAME.rttm beside a NAME.flac; see evaluation/README.md")
    return [_read_recording(rttm, clips) for rttm in references]


def read_clips(folder: Path) -> Clips:
    """Enrolment clips, from one folder per person; underscores stand for spaces, as in RTTM."""
    people = sorted(one for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
    found = {as_in_rttm(person.name): audio_files(person) for person in people}
    return {name: clips for name, clips in found.items() if clips}


def as_in_rttm(name: str) -> str:
    """The name as it can stand in RTTM and STM, without spaces."""
    return "_".join(name.split())


def audio_files(folder: Path) -> tuple[Path, ...]:
    """The audio files directly in a folder, by name."""
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in AUDIO_SUFFIXES))


def text_of(utterances: Iterable[Utterance]) -> str:
    """All that is said, by the start of the utterances."""
    return " ".join(one.text for one in sorted(utterances, key=lambda one: one.start))


def read_stm(text: str) -> tuple[Utterance, ...]:
    """The lines of an STM file: recording, channel, speaker, start, end, optional `<tags>`, text.

    Raises:
        InvalidReference: A line is too short, or its times are not times.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(";;")]
    return tuple(_stm_utterance(index, line) for index, line in enumerate(lines))


def write_stm(utterances: Iterable[Utterance], *, recording: str) -> str:
    """The utterances as STM lines."""
    return "".join(f"{recording} 1 {one.label} {one.start:.3f} {one.end:.3f} {one.text}\n" for one in utterances)


def _read_recording(rttm: Path, clips: Clips) -> Recording:
    audio = [path for path in audio_files(rttm.parent) if path.stem == rttm.stem]
    if len(audio) != 1:
        raise InvalidReference(f"{rttm} needs exactly one recording of the same name beside it, found {len(audio)}")
    utterances = _read_utterances(rttm)
    plain = rttm.with_suffix(".txt")
    text = plain.read_text(encoding="utf-8") if plain.exists() and not utterances else text_of(utterances)
    return Recording(
        name=rttm.stem,
        audio=audio[0],
        turns=read_rttm(rttm.read_text(encoding="utf-8")),
        utterances=utterances,
        text=text,
        clips=clips,
        splits=(frozenset(clips),) if clips else (),
    )


def _read_utterances(rttm: Path) -> tuple[Utterance, ...]:
    stm, transcript = rttm.with_suffix(".stm"), rttm.with_suffix(".json")
    if stm.exists():
        return read_stm(stm.read_text(encoding="utf-8"))
    if transcript.exists():
        return _read_transcript(transcript)
    return ()


def _read_transcript(path: Path) -> tuple[Utterance, ...]:
    try:
        lines = _TranscriptFile.model_validate_json(path.read_bytes()).utterances
    except ValidationError as error:
        raise InvalidReference(f"{path} is not a transcript: {error}") from error
    return tuple(
        Utterance(id=f"u{i:04d}", start=one.start, end=one.end, label=one.name or one.label, text=one.text, words=())
        for i, one in enumerate(lines, start=1)
    )


def _stm_utterance(index: int, line: str) -> Utterance:
    fields = line.split(maxsplit=5)
    text = fields[5] if len(fields) == 6 else ""
    if text.startswith("<") and ">" in text:
        text = text.split(">", maxsplit=1)[1]
    try:
        start, end = float(fields[3]), float(fields[4])
        return Utterance(id=f"u{index + 1:04d}", start=start, end=end, label=fields[2], text=text.strip(), words=())
    except (IndexError, ValueError) as error:
        raise InvalidReference(f"not a line of STM: {line}") from error
