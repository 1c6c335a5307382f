"""Why a command could not do what it was asked for."""


class CommandFailed(Exception):
    """A text for the person at the terminal; the command ends with `exit_code`."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ServerNotStarted(CommandFailed):
    """An embedded server could not be started."""
