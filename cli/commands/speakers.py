"""Commands about speakers."""

from typing import Annotated

import typer

from cli.answers.speakers import Reembedding, Speaker
from cli.client import Gateway
from cli.commands.reporting import console, errors, print_json, print_lines, reports_failures
from cli.errors import ReembeddingFailed
from cli.options import DEFAULT_GATEWAY, AsJson, ExistingFiles, GatewayUrl

app = typer.Typer(help="List the enrolled speakers, or embed their voices again.", invoke_without_command=True)


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


@app.callback()
@reports_failures
def speakers(context: typer.Context, gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """List the enrolled speakers, or let the engine in use embed their voices again."""
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    with Gateway(gateway_url, errors) as gateway:
        if as_json:
            print_json(gateway.speakers())
            return
        print_lines(map(_line, gateway.speakers()), otherwise="No speakers yet: hansard enroll NAME FILE")


@app.command("re-embed")
@reports_failures
def reembed(
    names: Annotated[
        list[str] | None, typer.Option("--speaker", help="Id or name; may be given several times. Otherwise all.")
    ] = None,
    *,
    wait: Annotated[bool, typer.Option(help="Wait until every sample is judged.")] = True,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """After a change of engine: make the voiceprints that its embedding model lacks, from the clips that were kept.

    The voiceprints of other models stay, and are never compared. Asking again starts nothing twice.
    """
    from cli.reembedding import after_waiting, failed_lines, named_speakers, wait_for_voiceprints  # noqa: PLC0415

    with Gateway(gateway_url, errors) as gateway:
        speaker_ids = named_speakers(gateway, names) if names else ()
        answer = begun = gateway.reembed(speaker_ids)
        lines: list[str] = []
        if wait:
            found = wait_for_voiceprints(gateway, speaker_ids, errors)
            answer, lines = after_waiting(begun, found), failed_lines(found)
    newly_failed = answer.failed - begun.failed
    if as_json and newly_failed <= 0:
        print_json(answer)
    elif not as_json:
        print_lines([_summary(answer), *lines], otherwise="")
    if newly_failed > 0:
        raise ReembeddingFailed(answer, newly_failed)


def _refuse_options(context: typer.Context) -> None:
    """What is given before the name of a command would be for the list, and have no effect."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"options go behind {context.invoked_subcommand}")


def _line(speaker: Speaker) -> str:
    is_unknown = speaker.status == "enrolled" and speaker.recognizable is False
    note = "  (not known to the engine in use: hansard speakers re-embed)" if is_unknown else ""
    return f"{speaker.speaker_id}  {speaker.status:<10}  {speaker.name}{note}"


def _summary(answer: Reembedding) -> str:
    parts = [
        f"{answer.started} started",
        f"{answer.present} with a voiceprint",
        f"{answer.under_way} under way",
        f"{answer.failed} failed",
        f"{answer.no_audio} without kept audio",
    ]
    if answer.missing:
        parts.append(f"{answer.missing} still missing, because another engine took them: ask again")
    return f"{answer.model}: {', '.join(parts)}"
