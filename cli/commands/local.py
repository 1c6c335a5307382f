"""Commands that start Hansard on this machine."""

from cli.commands.reporting import console, reports_failures


@reports_failures
def up() -> None:
    """Start everything on this machine and stay in the foreground (PORT, HANSARD_HOME; see the README)."""
    from cli.local.up import up as start  # noqa: PLC0415  # needs the local profile; the other commands do not
    from cli.settings import read_local_settings  # noqa: PLC0415

    start(read_local_settings(), console)


@reports_failures
def demo() -> None:
    """Take the sample meeting through the whole line on this machine and show what comes out."""
    from cli.demo import demo as show  # noqa: PLC0415
    from cli.settings import read_local_settings  # noqa: PLC0415

    show(read_local_settings(), console)
