"""Options and arguments that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import httpx
import typer

from cli.run_names import WORDS

DEFAULT_GATEWAY = "http://127.0.0.1:8000"


class Layout(StrEnum):
    """Formats of the results."""

    SHOW = "show"
    JSON = "json"
    TXT = "txt"
    MD = "md"
    SRT = "srt"
    VTT = "vtt"
    RTTM = "rttm"


def _web_address(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise typer.BadParameter(f"{url!r} is no address: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise typer.BadParameter(f"{url!r} needs http:// or https:// in front, such as {DEFAULT_GATEWAY}")
    return url


GatewayUrl = Annotated[
    str,
    typer.Option("--gateway", envvar="HANSARD_GATEWAY", callback=_web_address, help="Address of the gateway."),
]
GatewayElsewhere = Annotated[
    str | None,
    typer.Option(
        "--gateway",
        envvar="HANSARD_GATEWAY",
        callback=_web_address,
        help="Ask a gateway elsewhere about itself instead.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
MeetingId = Annotated[str, typer.Argument(help="Id of the meeting.")]
RunName = Annotated[str | None, typer.Option("--run", help=f"Which run: {WORDS}. Otherwise the current one.")]
ExistingFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
ExistingFiles = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)]
