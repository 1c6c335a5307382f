"""What a service makes of the arguments behind its name."""

from collections.abc import Sequence

import pytest

from libs.common.command_line import command_of, take_no_options

COMMANDS = {"doctor": "look", "replay": "do it again"}


def status(arguments: Sequence[str]) -> object:
    with pytest.raises(SystemExit) as end:
        command_of("normalizer", COMMANDS, arguments)
    return end.value.code


def test_only_without_any_argument_is_it_the_service_itself() -> None:
    assert command_of("normalizer", COMMANDS, []) is None


def test_a_command_reads_what_stands_behind_it_itself() -> None:
    assert command_of("normalizer", COMMANDS, ["doctor", "--json", "--help"]) == "doctor"


@pytest.mark.parametrize("argument", ["docter", "doct", "Doctor", "--verbose", "-v", "--", "-", "", "--json"])
def test_anything_else_is_wrong_usage(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status([argument, "doctor"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("usage: python -m services.normalizer [-h] [doctor | replay]\n")
    assert said.out == ""


@pytest.mark.parametrize("argument", ["-h", "--help"])
def test_help_names_the_service_its_commands_and_the_settings(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status([argument]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for part in ("python -m services.normalizer", "doctor look", "replay do it again", "docs/settings.md"):
        assert part in said


def test_a_command_without_options_takes_none(capsys: pytest.CaptureFixture[str]) -> None:
    take_no_options("gateway", "migrate", "bring it up to date", [])
    with pytest.raises(SystemExit) as end:
        take_no_options("gateway", "migrate", "bring it up to date", ["--now"])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m services.gateway migrate [-h]\n")
