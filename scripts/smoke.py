"""`python -m scripts.smoke URL`: takes a short meeting through a deployment, and removes again what it made.

The key is read from HANSARD_API_KEY.
"""

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from libs.common.lacking import installed_by
from scripts.time_limit import TimeIsUp, within

with installed_by("cli/requirements.txt"):
    import httpx
    from rich.console import Console

    from cli.answers.meetings import MeetingStatus
    from cli.answers.results import Results
    from cli.answers.speakers import Speaker
    from cli.client import Gateway
    from cli.errors import CommandFailed, GatewayUnreachable

_SHORT = Path(__file__).parents[1] / "samples" / "short"
_INTERVAL = 0.5
_REMOVAL = 20.0
"""Seconds that removing one thing may take; not a part of the time for the steps."""

_NEWEST = 200
"""So many meetings are looked through for one whose upload was cut off."""

_REACH = (
    "Check the address, and that the gateway is started and can be reached from here: its log says why if it is not"
)
_CLOSE = "Start it with REQUIRE_API_KEY=true (docs/operations/api-keys.md)"
_LINE = "`hansard health` and `hansard streams` say which stage stands still; the log of that service says why"
_BY_HAND = "Remove it with the command `hansard`, or by DELETE"


class SmokeFailed(Exception):
    """The deployment did not do what it is for; the text says at which step, where, and what to do."""


class _Fault(Exception):
    """What was found, and the cure, if that of the step is not the one."""

    def __init__(self, what: str, cure: str | None = None) -> None:
        super().__init__(what)
        self.cure = cure


@dataclass(frozen=True)
class Wish:
    """What to try."""

    url: str
    key: str
    recording: Path
    timeout: float
    """Seconds for everything but the removal of what was made."""


def main() -> int:
    """The exit status: 1 if the deployment failed a step, 2 if there is no key."""
    parser = argparse.ArgumentParser(prog="python -m scripts.smoke", description=__doc__)
    parser.add_argument("url", help="of the gateway, such as https://hansard.example")
    parser.add_argument("--recording", type=Path, default=_SHORT / "short.flac", help="instead of the short sample")
    parser.add_argument(
        "--timeout",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help=f"for everything (600); then what was made is removed, each in {_REMOVAL:.0f} s at most",
    )
    options = parser.parse_args()
    key = os.environ.get("HANSARD_API_KEY", "")
    if not key:
        print("set HANSARD_API_KEY to a key of the deployment", file=sys.stderr)
        return 2
    if not options.recording.is_file():
        parser.error(f"no file: {options.recording}")
    try:
        smoke(Wish(options.url, key, options.recording, options.timeout), lambda line: print(line, flush=True))
    except CommandFailed as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    except SmokeFailed as error:
        for one in _failures(error):
            print(f"FAILED: {one}", file=sys.stderr)
        return 1
    print("The deployment works.")
    return 0


def smoke(wish: Wish, say: Callable[[str], None]) -> None:
    """Every step in turn.

    Raises:
        SmokeFailed: A step failed; what was made before is removed all the same.
        CommandFailed: The environment's key is none.
    """
    until = time.monotonic() + wish.timeout
    try:
        gateway = Gateway(wish.url, Console(force_terminal=False), until=until)
    except httpx.InvalidURL as error:
        raise SmokeFailed(f"{wish.url} is no address: {error}. Give one like https://hansard.example") from error
    with gateway, ExitStack() as removals:
        trial = _Trial(wish, gateway, removals, say)
        with trial.step("the first request", _REACH), within(wish.timeout):
            trial.run()


class _Trial:
    """One passage through all steps."""

    def __init__(self, wish: Wish, gateway: Gateway, removals: ExitStack, say: Callable[[str], None]) -> None:
        """`removals` run whatever happens, and after the time is up."""
        self._wish = wish
        self._gateway = gateway
        self._removals = removals
        self._say = say
        self._name = f"Smoke test {secrets.token_hex(4)}"
        self._speaker_id = self._meeting_id = ""
        self._state = ""

    def run(self) -> None:
        """Raises `SmokeFailed` or `TimeIsUp`."""
        with self.step("the door, without a key,", _REACH):
            self._check_door()
        with self.step("the health page", _REACH):
            self._gateway.http.headers["Authorization"] = f"Bearer {self._wish.key}"
            self._check_health()
        with self.step("the enrolment of a voice", _LINE):
            speaker = self._enrolled()
        with self.step("the meeting", _LINE):
            status = self._processed()
        with self.step("the results", "The log of the gateway says more"):
            self._check_results(self._gateway.results(status.meeting_id), speaker)
        with self.step("the metrics", "The log of the gateway says more"):
            self._check_metrics()

    @contextmanager
    def step(self, what: str, cure: str) -> Iterator[None]:
        """What goes wrong within is said with the step, the address and the cure.

        Raises:
            SmokeFailed: It went wrong.
        """
        self._state = ""
        try:
            yield
        except (_Fault, TimeIsUp, CommandFailed, httpx.HTTPError) as error:
            own_cure = error.cure if isinstance(error, _Fault) else None
            raise SmokeFailed(f"{what} at {self._gateway.url}: {self._reason(error)}. {own_cure or cure}") from error

    def _reason(self, error: Exception) -> str:
        if isinstance(error, TimeIsUp):
            return ", ".join(one for one in (f"out of time, {error}", self._state) if one)
        if isinstance(error, GatewayUnreachable) and isinstance(error.__cause__, httpx.HTTPError):
            return f"nobody answers ({error.__cause__})"
        return str(error)

    def _check_door(self) -> None:
        """A gateway that strangers reach must not let them in."""
        self._gateway.http.headers.pop("Authorization", None)
        answer = self._gateway.call("GET", "/api/meetings", expected=range(400, 600))
        status = answer.status_code
        if answer.is_redirect:
            raise _Fault(f"leads to {answer.headers.get('Location')}", "Give that address, without /api/meetings")
        if status != 401:
            found = f"GET /api/meetings answers {status}, not 401"
            raise _Fault(f"{found}: anybody can read it", _CLOSE) if status < 400 else _Fault(found)
        self._say("door: answers 401 without a key")

    def _check_health(self) -> None:
        health = self._gateway.health()
        self._say(f"health: {health.status}, release {health.release}, stages {', '.join(health.stages)}")
        for problem in health.problems:
            self._say(f"  {problem}")

    def _enrolled(self) -> Speaker:
        """The speaker of the sample, under a name that nobody has."""
        (person,) = json.loads((_SHORT / "manifest.json").read_text("utf-8"))["speakers"]
        began = time.monotonic()
        self._removals.callback(self._remove_voice)
        clips = [_SHORT / clip for clip in person["clips"]]
        self._speaker_id = self._gateway.enroll(self._name, clips, "synthetic voice").speaker_id
        speaker = self._gateway.speaker(self._speaker_id)
        while any(one.status not in {"enrolled", "failed"} for one in speaker.samples):
            self._state = "the voice is not enrolled yet"
            time.sleep(_INTERVAL)
            speaker = self._gateway.speaker(self._speaker_id)
        for sample in speaker.samples:
            if sample.error is not None:
                raise _Fault(sample.reason)
        self._say(f"enrolment: {self._name} in {time.monotonic() - began:.1f} s")
        return speaker

    def _processed(self) -> MeetingStatus:
        """The meeting once it has been through the line."""
        began = time.monotonic()
        self._removals.callback(self._remove_meeting)
        wish: dict[str, str | list[str]] = {"title": self._name, "personas": ["executive"]}
        self._meeting_id = self._gateway.process(self._wish.recording, wish).meeting_id
        self._say(f"upload: {self._wish.recording.name} is meeting {self._meeting_id}")
        status = self._followed()
        if status.status != "completed":
            reason = f": {status.error.message} ({status.error.code})" if status.error else ""
            raise _Fault(f"the meeting is {status.status}{reason}")
        self._say(f"processing: completed in {time.monotonic() - began:.1f} s")
        return status

    def _followed(self) -> MeetingStatus:
        said: set[str] = set()
        while True:
            status = self._gateway.status(self._meeting_id)
            for name, stage in status.stages.items():
                if stage.status in {"completed", "failed"} and name not in said:
                    said.add(name)
                    engine = f" by {stage.engine}" if stage.engine else ""
                    self._say(f"  {name}: {stage.status} in {stage.seconds:.1f} s{engine}")
            if status.is_final:
                return status
            self._state = "the meeting is not done: " + ", ".join(f"{n} {s.status}" for n, s in status.stages.items())
            time.sleep(_INTERVAL)

    def _check_results(self, results: Results, speaker: Speaker) -> None:
        names = sorted({one.name for one in results.speakers if one.name})
        found = f"{len(results.utterances)} utterances, voices {len(results.speakers)}"
        self._say(f"results: {found}, recognized {', '.join(names)}")
        if not results.utterances:
            raise _Fault("the transcript is empty")
        if self._wish.recording.parent == _SHORT and speaker.name not in names:
            said = ", ".join(f"{one.label}: {one.reason}" for one in results.speakers)
            raise _Fault(f"the voice that was enrolled was not recognized in the sample ({said})", _cure(results))
        if "executive" not in results.minutes:
            raise _Fault("there are no minutes")
        self._say("minutes: written for executive")

    def _check_metrics(self) -> None:
        text = self._gateway.call("GET", "/metrics").text
        families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE hansard_")}
        if not families:
            raise _Fault("/metrics has nothing of Hansard")
        self._say(f"metrics: {len(families)} families")

    def _remove_voice(self) -> None:
        with self.step(f"the removal of the voice {self._name}", _BY_HAND), within(_REMOVAL):
            # Whoever was cut off while the voice was handed in does not know what it became.
            same = (one.speaker_id for one in self._gateway.speakers() if one.name == self._name)
            if speaker_id := self._speaker_id or next(same, ""):
                self._gateway.delete_speaker(speaker_id)
                self._say("removed the voice")

    def _remove_meeting(self) -> None:
        with self.step(f"the removal of the meeting {self._meeting_id or self._name}", _BY_HAND), within(_REMOVAL):
            newest = islice(self._gateway.meetings(), _NEWEST)
            same = (one.meeting_id for one in newest if one.title == self._name)
            if meeting_id := self._meeting_id or next(same, ""):
                self._gateway.delete_meeting(meeting_id)
                self._say("removed the meeting")


def _cure(results: Results) -> str | None:
    """The voice may be enrolled already, under another name."""
    if any(one.reason in {"matched", "ambiguous_speaker"} for one in results.speakers):
        return "Somebody else is enrolled with it: take a key of a workspace of its own"
    return "Look at what its engine says of itself: `hansard doctor`, or the doctor of the diarizer"


def _failures(error: BaseException | None) -> Iterator[SmokeFailed]:
    """The failure of a step, then those of the removals after it."""
    if error is not None:
        yield from _failures(error.__context__)
        if isinstance(error, SmokeFailed):
            yield error


if __name__ == "__main__":
    sys.exit(main())
