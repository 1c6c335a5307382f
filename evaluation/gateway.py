"""The real line: a running gateway, through its API. What is enrolled or handed in here is deleted again."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from cli.answers.meetings import MeetingStatus
from cli.answers.results import Person, Results
from cli.client import Gateway
from cli.enrolment import wait_for_enrolment
from cli.follow import follow
from evaluation.line import Hypothesis, Naming
from evaluation.recordings import Recording, as_in_rttm
from libs.common.errors import PipelineError
from libs.common.rttm import read_rttm
from libs.common.speech import Turn
from libs.common.transcript import Utterance


class NameTaken(PipelineError):
    """Somebody is enrolled under a name that the evaluation would enrol and delete again."""

    code = "name_taken"


_CONSENT = "Enrolled for an evaluation, and deleted after it."


class GatewayLine:
    """Implements `Line`. Speakers that are enrolled there already take part in the matching too."""

    def __init__(self, gateway: Gateway, *, max_splits: int = 1) -> None:
        """Every split is a meeting of its own, so that `max_splits` decides how long this takes."""
        self.description = f"gateway at {gateway.url}"
        self._gateway = gateway
        self._max_splits = max_splits
        self._quiet = Console(quiet=True)

    def process(self, recording: Recording) -> Hypothesis:
        """Process the recording once per split.

        Raises:
            NameTaken: Nothing was done, so that nobody loses a voiceprint.
        """
        self._refuse_taken_names(recording)
        first, *others = recording.splits[: self._max_splits] or (frozenset[str](),)
        results, rttm, status = self._passage(recording, first)
        passages = [(first, results), *((enrolled, self._passage(recording, enrolled)[0]) for enrolled in others)]
        namings = (Naming(enrolled=enrolled, names=_names(one.speakers)) for enrolled, one in passages)
        return Hypothesis(
            turns=_by_label(read_rttm(rttm), results.speakers),
            duration=results.duration,
            namings=tuple(namings) if recording.splits else (),
            utterances=_utterances(results),
            language=results.language,
            engines={stage: engine.name for stage, engine in results.engines.items()},
            seconds={stage: one.seconds for stage, one in status.stages.items()},
        )

    def _refuse_taken_names(self, recording: Recording) -> None:
        known = {as_in_rttm(one.name).casefold(): one.name for one in self._gateway.speakers()}
        for name in recording.clips:
            if name.casefold() in known:
                raise NameTaken(
                    f"{known[name.casefold()]} is enrolled at {self._gateway.url}; evaluate in another workspace"
                )

    def _passage(self, recording: Recording, enrolled: frozenset[str]) -> tuple[Results, str, MeetingStatus]:
        """The results, the same as RTTM, and how the stages went."""
        with ExitStack() as cleanup:
            for name in sorted(enrolled):
                cleanup.enter_context(self._enrolled(name, recording.clips[name]))
            meeting_id = self._gateway.process(recording.audio, {}).meeting_id
            cleanup.callback(self._gateway.delete_meeting, meeting_id)
            status = follow(self._gateway, meeting_id, self._quiet)
            return self._gateway.results(meeting_id), self._gateway.results_as(meeting_id, "rttm"), status

    @contextmanager
    def _enrolled(self, name: str, clips: tuple[Path, ...]) -> Iterator[None]:
        speaker_id = self._gateway.enroll(name, clips, _CONSENT).speaker_id
        try:
            wait_for_enrolment(self._gateway, speaker_id)
            yield
        finally:
            self._gateway.delete_speaker(speaker_id)


def _names(speakers: tuple[Person, ...]) -> dict[str, str]:
    return {one.label: as_in_rttm(one.name) for one in speakers if one.name is not None}


def _by_label(turns: tuple[Turn, ...], speakers: tuple[Person, ...]) -> tuple[Turn, ...]:
    """RTTM may show names; within a meeting a name stands for one label."""
    labels = {name: label for label, name in _names(speakers).items()}
    return tuple(turn.model_copy(update={"label": labels.get(turn.label, turn.label)}) for turn in turns)


def _utterances(results: Results) -> tuple[Utterance, ...]:
    return tuple(
        Utterance(id=one.id, start=one.start, end=one.end, label=one.label, text=one.text, words=())
        for one in results.utterances
    )
