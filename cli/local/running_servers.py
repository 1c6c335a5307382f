"""Where the servers are that `hansard up` has started in a folder."""

from pathlib import Path

_PORT_LINE = 3
"""Of postmaster.pid, counted from 0."""


def redis_url_of(home: Path) -> str | None:
    """The embedded Redis; `None` if there is none."""
    try:
        lines = (home / "redis" / "redis.conf").read_text().splitlines()
    except OSError:
        return None
    values = dict(line.split(maxsplit=1) for line in lines if " " in line)
    return f"redis://:{values['requirepass']}@127.0.0.1:{values['port']}/0"


def postgres_url_of(home: Path) -> str | None:
    """The embedded Postgres; `None` if none runs."""
    try:
        password = (home / "postgres" / "password").read_text().strip()
        port = (home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[_PORT_LINE]
    except (OSError, IndexError):
        return None
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
