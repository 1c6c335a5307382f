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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from libs.common.lacking import installed_by

with installed_by("cli/requirements.txt"):
    import httpx
    from rich.console import Console

    from cli.answers.meetings import MeetingStatus
    from cli.answers.results import Results
    from cli.answers.speakers import Speaker
    from cli.client import Gateway
    from cli.errors import CommandFailed

_SHORT = Path(__file__).parents[1] / "samples" / "short"
_INTERVAL = 0.5


class SmokeFailed(Exception):
    """The deployment did not do what it is for; the text says at which step."""


@dataclass(frozen=True)
class Wish:
    """What to try."""

    url: str
    key: str
    recording: Path
    timeout: float
    """Seconds for everything."""


def main() -> int:
    """The exit status: 1 if the deployment failed a step, 2 if there is no key."""
    parser = argparse.ArgumentParser(prog="python -m scripts.smoke", description=__doc__)
    parser.add_argument("url", help="of the gateway, such as https://hansard.example")
    parser.add_argument("--recording", type=Path, default=_SHORT / "short.flac", help="instead of the short sample")
    parser.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS", help="for everything (600)")
    options = parser.parse_args()
    key = os.environ.get("HANSARD_API_KEY", "")
    if not key:
        print("set HANSARD_API_KEY to a key of the deployment", file=sys.stderr)
        return 2
    try:
        smoke(Wish(options.url, key, options.recording, options.timeout), print)
    except (SmokeFailed, CommandFailed, httpx.HTTPError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print("The deployment works.")
    return 0


def smoke(wish: Wish, say: Callable[[str], None]) -> None:
    """Every step in turn.

    Raises:
        SmokeFailed, CommandFailed, httpx.HTTPError: A step failed; what was made before is removed all the same.
    """
    deadline = time.monotonic() + wish.timeout
    with Gateway(wish.url, Console(quiet=True)) as gateway:
        _check_door(gateway, say)
        gateway.http.headers["Authorization"] = f"Bearer {wish.key}"
        _check_health(gateway, say)
        with _enrolled(gateway, deadline, say) as speaker, _processed(gateway, wish, deadline, say) as status:
            _check_results(
                gateway.results(status.meeting_id), speaker, is_sample=wish.recording.parent == _SHORT, say=say
            )
        _check_metrics(gateway, say)


def _check_door(gateway: Gateway, say: Callable[[str], None]) -> None:
    """A gateway that strangers reach must not let them in."""
    gateway.http.headers.pop("Authorization", None)
    status = gateway.http.get("/api/meetings").status_code
    if status != 401:
        raise SmokeFailed(f"without a key GET /api/meetings answers {status}, not 401: anybody can read it")
    say("door: answers 401 without a key")


def _check_health(gateway: Gateway, say: Callable[[str], None]) -> None:
    health = gateway.health()
    say(f"health: {health.status}, release {health.release}, stages {', '.join(health.stages)}")
    for problem in health.problems:
        say(f"  {problem}")


@contextmanager
def _enrolled(gateway: Gateway, deadline: float, say: Callable[[str], None]) -> Iterator[Speaker]:
    """The speaker of the sample under a name that nobody has, until the block ends."""
    (person,) = json.loads((_SHORT / "manifest.json").read_text("utf-8"))["speakers"]
    name = f"Smoke test {secrets.token_hex(4)}"
    began = time.monotonic()
    accepted = gateway.enroll(name, [_SHORT / clip for clip in person["clips"]], "synthetic voice")
    try:
        speaker = gateway.speaker(accepted.speaker_id)
        while any(one.status not in {"enrolled", "failed"} for one in speaker.samples):
            _pause(deadline, "the voice is not enrolled yet")
            speaker = gateway.speaker(accepted.speaker_id)
        for sample in speaker.samples:
            if sample.error is not None:
                raise SmokeFailed(f"enrolment: {sample.error.message} ({sample.error.code})")
        say(f"enrolment: {name} in {time.monotonic() - began:.1f} s")
        yield speaker
    finally:
        gateway.delete_speaker(accepted.speaker_id)
        say("removed the voice")


@contextmanager
def _processed(gateway: Gateway, wish: Wish, deadline: float, say: Callable[[str], None]) -> Iterator[MeetingStatus]:
    """The meeting once it has been through the line, until the block ends."""
    began = time.monotonic()
    meeting_id = gateway.process(wish.recording, {"title": "Smoke test", "personas": ["executive"]}).meeting_id
    try:
        say(f"upload: {wish.recording.name} is meeting {meeting_id}")
        status = _followed(gateway, meeting_id, deadline, say)
        if status.status != "completed":
            reason = f": {status.error.message} ({status.error.code})" if status.error else ""
            raise SmokeFailed(f"the meeting is {status.status}{reason}")
        say(f"processing: completed in {time.monotonic() - began:.1f} s")
        yield status
    finally:
        gateway.delete_meeting(meeting_id)
        say("removed the meeting")


def _followed(gateway: Gateway, meeting_id: str, deadline: float, say: Callable[[str], None]) -> MeetingStatus:
    said: set[str] = set()
    while True:
        status = gateway.status(meeting_id)
        for name, stage in status.stages.items():
            if stage.status in {"completed", "failed"} and name not in said:
                said.add(name)
                say(
                    f"  {name}: {stage.status} in {stage.seconds:.1f} s"
                    + (f" by {stage.engine}" if stage.engine else "")
                )
        if status.is_final:
            return status
        _pause(deadline, "the meeting is not done: " + ", ".join(f"{n} {s.status}" for n, s in status.stages.items()))


def _check_results(results: Results, speaker: Speaker, *, is_sample: bool, say: Callable[[str], None]) -> None:
    names = sorted({one.name for one in results.speakers if one.name})
    say(f"results: {len(results.utterances)} utterances, voices {len(results.speakers)}, recognized {', '.join(names)}")
    if not results.utterances:
        raise SmokeFailed("the transcript is empty")
    if is_sample and speaker.name not in names:
        raise SmokeFailed(f"the voice that was enrolled was not recognized in the sample meeting; {_why(results)}")
    if "executive" not in results.minutes:
        raise SmokeFailed("there are no minutes")
    say("minutes: written for executive")


def _why(results: Results) -> str:
    """What was decided for each label; the voice may be enrolled already, under another name."""
    said = ", ".join(f"{one.label}: {one.reason}" for one in results.speakers)
    if any(one.reason in {"matched", "ambiguous_speaker"} for one in results.speakers):
        return f"{said}. Somebody else is enrolled with it: take a key of a workspace of its own"
    return said


def _check_metrics(gateway: Gateway, say: Callable[[str], None]) -> None:
    text = gateway.call("GET", "/metrics").text
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE hansard_")}
    if not families:
        raise SmokeFailed("/metrics has nothing of Hansard")
    say(f"metrics: {len(families)} families")


def _pause(deadline: float, otherwise: str) -> None:
    if time.monotonic() > deadline:
        raise SmokeFailed(f"out of time: {otherwise}")
    time.sleep(_INTERVAL)


if __name__ == "__main__":
    sys.exit(main())
