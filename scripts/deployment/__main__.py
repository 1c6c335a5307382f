"""`python -m scripts.deployment check`: the files that deploy Hansard; `… build`: their images, without an engine."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from libs.common.lacking import installed_by

with installed_by("requirements-dev.txt"):
    from cli.local.postgres_server import PostgresServer
    from cli.local.redis_server import RedisServer
    from scripts.deployment.building import SETTINGS, build_all, size_bytes, try_each
    from scripts.deployment.check import faults
    from scripts.deployment.service_files import ROOT, services
    from scripts.deployment.trial import TrialFailed
    from scripts.deployment.workshop import StepFailed

_NAMES = [one.name for one in services()]


def main() -> int:
    """The exit status: 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m scripts.deployment", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="linters, schemas, and what the files have to agree on")
    build = commands.add_parser("build", help="run the steps of Dockerfiles, then start what they made")
    build.add_argument("services", nargs="*", metavar="SERVICE", help=f"of {', '.join(_NAMES)}; without one, all")
    build.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", help="as for docker build")
    build.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE", help="of the services started")
    build.add_argument("--no-start", action="store_true", help="only build")
    options = parser.parse_args()
    if unknown := set(getattr(options, "services", ())) - set(_NAMES):
        parser.error(f"no service: {', '.join(sorted(unknown))}")
    if options.command == "check":
        return _check()
    arguments, chosen = (dict(one.split("=", 1) for one in pairs) for pairs in (options.build_arg, options.setting))
    try:
        _build(options.services or _NAMES, arguments, None if options.no_start else chosen)
    except (StepFailed, TrialFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _check() -> int:
    found = list(faults(ROOT))
    for one in found:
        print(one)
    counted = "1 fault" if len(found) == 1 else f"{len(found)} faults"
    print(counted if found else "The files of the deployments are as they should be.")
    return 1 if found else 0


def _build(names: list[str], arguments: dict[str, str], chosen: dict[str, str] | None) -> None:
    """`chosen`: settings of the services beyond those of a trial; `None`: start none."""
    with tempfile.TemporaryDirectory(prefix="hansard-build-") as folder, _servers(Path(folder)) as settings:
        wanted = [one for one in services() if one.name in names]
        for built in build_all(wanted, Path(folder), arguments):
            size = size_bytes(built.image) / 2**20
            print(f"{built.service.name}: built in {built.seconds:.0f} s, {size:.0f} MiB beyond its base")
            tried = try_each(built, {**settings, **chosen}) if chosen is not None else {}
            for where, seconds in tried.items():
                print(f"{built.service.name}: ready after {seconds:.1f} s as {where} starts it, and ended on SIGTERM")


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, str]]:
    """The settings of services that use a Redis, a Postgres and a store of this machine."""
    redis, postgres = RedisServer(folder / "redis"), PostgresServer(folder / "postgres")
    (folder / "objects").mkdir()
    redis.start()
    try:
        postgres.start()
        try:
            store = (folder / "objects").as_uri()
            yield {**SETTINGS, "REDIS_URL": redis.url, "POSTGRES_URL": postgres.url, "OBJECT_STORE_URL": store}
        finally:
            postgres.stop()
    finally:
        redis.stop()


if __name__ == "__main__":
    sys.exit(main())
