"""Commands about single cases: a recorded unit again on this machine, and a meeting as a file."""

from collections.abc import Sequence

from cli.errors import CommandFailed


def replay_locally(arguments: Sequence[str], *, settings: Sequence[str], gateway_url: str, as_json: bool) -> None:
    """Work one recorded unit in this process: `STAGE EVENT`, or a file that `hansard export` wrote.

    Args:
        arguments: What stood behind `hansard replay --local`.
        settings: `service.name=value` each.
        gateway_url: Where the event is recorded.
        as_json: Print one document.

    Raises:
        CommandFailed: It cannot be worked here.
    """
    raise CommandFailed("this release cannot replay a recorded unit on this machine yet")
