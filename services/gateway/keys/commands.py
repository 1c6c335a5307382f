"""`python -m services.gateway keys …`: only a new key goes to stdout alone, so that it can be piped."""

import argparse
import asyncio
import datetime
import math
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg
import structlog

from libs.common.errors import PipelineError
from services.gateway.database import Database, DatabaseNotMigrated, DatabaseUnavailable
from services.gateway.keys.callers import DEFAULT_WORKSPACE, REMEMBERED
from services.gateway.keys.key import prefix
from services.gateway.keys.keyring import InvalidKeyWish, KeyNotNamed, Keyring, KeyWish, KnownKey

WRONG_USAGE = 2
_LONGEST_DAYS = 36_500.0
_NO_DATABASE = "; start Postgres, or set POSTGRES_URL to where it is"
_COLUMNS = ("ID", "PREFIX", "NAME", "WORKSPACE", "CREATED", "LAST USED", "EXPIRES", "STATE")

T = TypeVar("T")

_log = structlog.get_logger(__name__)


def keys(arguments: Sequence[str], postgres_url: str) -> int:
    """Run one of the commands; gives the exit status."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.command is None:
        parser.print_help()
        return 0
    try:
        return _COMMANDS[asked.command](asked, postgres_url)
    except PipelineError as error:
        cure = _NO_DATABASE if isinstance(error, DatabaseUnavailable) else ""
        sys.stderr.write(f"keys: {error.message}{cure}\n")
        return WRONG_USAGE if isinstance(error, InvalidKeyWish | KeyNotNamed) else 1


def store_given_key(key: str, postgres_url: str) -> None:
    """Keep the key that `HANSARD_API_KEY` holds; as often as somebody likes.

    Raises:
        DatabaseUnavailable: Postgres does not answer.
    """
    wish = KeyWish("HANSARD_API_KEY", DEFAULT_WORKSPACE)
    if with_keyring(postgres_url, lambda ring: ring.store(key, wish)):
        _log.info("the key in HANSARD_API_KEY opens the gateway", prefix=prefix(key))
    else:
        _log.warning("the key in HANSARD_API_KEY opens nothing: it was revoked or has expired", prefix=prefix(key))


def with_keyring(postgres_url: str, work: Callable[[Keyring], Awaitable[T]]) -> T:
    """Do something with the keys of a database.

    Raises:
        DatabaseNotMigrated: It has no table for them.
    """

    async def working() -> T:
        database = await Database.open(postgres_url, max_connections=1)
        try:
            return await work(Keyring(database))
        except asyncpg.UndefinedTableError as error:
            raise DatabaseNotMigrated from error
        finally:
            await database.close()

    return asyncio.run(working())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.gateway keys", description="API keys of the gateway.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    create = commands.add_parser("create", help="make a key and print it, once")
    create.add_argument("name", metavar="NAME", help="for whom or what it is")
    create.add_argument("--workspace", default=DEFAULT_WORKSPACE, help="what it opens; made if it is new")
    create.add_argument("--expires-in", type=_days, metavar="DAYS", help="otherwise it opens until it is revoked")
    commands.add_parser("list", help="show what is known of all keys")
    revoke = commands.add_parser("revoke", help="take a key away")
    revoke.add_argument("key", metavar="ID|PREFIX", help="as `list` shows them")
    return parser


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days") from None
    if not 0 < days <= _LONGEST_DAYS or math.isnan(days):
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {_LONGEST_DAYS:.0f}")
    return days


def _create(asked: argparse.Namespace, postgres_url: str) -> int:
    wish = KeyWish(asked.name, asked.workspace, asked.expires_in)
    key = with_keyring(postgres_url, lambda ring: ring.create(wish))
    sys.stderr.write(f"A key for the workspace {wish.workspace}; it is shown only here. Send it as\n")
    sys.stderr.write("Authorization: Bearer <key>, or let `hansard` send it: export HANSARD_API_KEY=<key>\n")
    sys.stdout.write(f"{key}\n")
    return 0


def _list(asked: argparse.Namespace, postgres_url: str) -> int:
    rows = [_COLUMNS, *map(_row, with_keyring(postgres_url, lambda ring: ring.list()))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(f"{line.rstrip()}\n")
    return 0


def _revoke(asked: argparse.Namespace, postgres_url: str) -> int:
    revoked = with_keyring(postgres_url, lambda ring: ring.revoke(asked.key))
    sys.stderr.write(f"{revoked}… is revoked; gateways that run refuse it within {REMEMBERED:.0f} s\n")
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace, str], int]] = {"create": _create, "list": _list, "revoke": _revoke}


def _row(key: KnownKey) -> tuple[str, ...]:
    times = (_shown(key.created_at), _shown(key.last_used_at), _shown(key.expires_at))
    return str(key.id), key.prefix, key.name, key.workspace, *times, key.state


def _shown(time: datetime.datetime | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M") if time else "-"
