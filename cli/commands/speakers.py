"""Commands about speakers."""

from typing import Annotated

import typer

from cli.client import Gateway
from cli.commands.reporting import console, errors, print_json, print_lines, reports_failures
from cli.options import DEFAULT_GATEWAY, AsJson, ExistingFiles, GatewayUrl


@reports_failures
def enroll(
    name: str,
    clips: ExistingFiles,
    *,
    consent: Annotated[str | None, typer.Option(help="What the person agreed to.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until every clip is judged.")] = True,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Enrol a person from clips of a few seconds in which only they talk."""
    from cli.enrolment import wait_for_enrolment  # noqa: PLC0415

    with Gateway(gateway_url, errors) as gateway:
        accepted = gateway.enroll(name, clips, consent)
        speaker_id, sample_ids = accepted.speaker_id, accepted.sample_ids
        speaker = wait_for_enrolment(gateway, speaker_id, sample_ids) if wait else gateway.speaker(speaker_id)
        if as_json:
            print_json(speaker)
            return
        console.print(f"{speaker.name}: {speaker.status} ({speaker.speaker_id})")
        for sample in speaker.samples:
            reason = f", {sample.error.message} ({sample.error.code})" if sample.error else ""
            console.print(f"  {sample.filename or sample.sample_id}: {sample.status}{reason}", markup=False)


@reports_failures
def speakers(gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """List the enrolled speakers."""
    with Gateway(gateway_url, errors) as gateway:
        if as_json:
            print_json(gateway.speakers())
            return
        lines = (f"{one.speaker_id}  {one.status:<10}  {one.name}" for one in gateway.speakers())
        print_lines(lines, otherwise="No speakers yet: hansard enroll NAME FILE")
