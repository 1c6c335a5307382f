"""Why a command could not do what it was asked for."""


class CommandFailed(Exception):
    """A text for the person at the terminal; the command ends with `exit_code`."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ServerNotStarted(CommandFailed):
    """An embedded server could not be started."""


class ServiceRefused(CommandFailed):
    """A service cannot work as it is set up; the text is the last line that it wrote."""


class GatewayUnreachable(CommandFailed):
    """Nobody answers at the gateway's address, or somebody who is no gateway."""

    exit_code = 3


class GatewayRefused(CommandFailed):
    """The gateway answered with a problem."""

    exit_code = 4

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code})")
        self.code = code


class MeetingFailed(CommandFailed):
    """The meeting ended without a transcript."""

    exit_code = 5
