"""What may stand behind `python -m services.<name>`; anything else gets the usage, and starts nothing."""

import argparse
from collections.abc import Mapping, Sequence

_SETTINGS = "Each command has a --help of its own. Settings are variables of the environment: see docs/settings.md."


def command_of(service: str, commands: Mapping[str, str], arguments: Sequence[str]) -> str | None:
    """The command that is asked for; `None` where the service itself is.

    Args:
        service: Its name.
        commands: What each is for, by its name.
        arguments: All that stand behind the service's name; the command reads those behind its own.

    Raises:
        SystemExit: With 0 after the help that was asked for; with 2 after the usage.
    """
    if not arguments:
        return None
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{service}",
        usage=f"python -m services.{service} [-h] [{' | '.join(commands)}]",
        description=f"Without a command it is the {service} itself, which works until SIGTERM or SIGINT.",
        epilog=_SETTINGS,
    )
    known = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for name, purpose in commands.items():
        known.add_parser(name, help=purpose, add_help=False)
    command: str | None = parser.parse_args(arguments[:1]).command
    if command is None:
        parser.error("give a command, or nothing")
    return command


def take_no_options(service: str, command: str, purpose: str, arguments: Sequence[str]) -> None:
    """For a command without any.

    Raises:
        SystemExit: With 0 after the help that was asked for; with 2 after the usage.
    """
    argparse.ArgumentParser(prog=f"python -m services.{service} {command}", description=purpose).parse_args(arguments)
