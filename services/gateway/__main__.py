"""`python -m services.gateway`: the API and the work behind it; `… migrate` brings the database to its schema."""

import asyncio
import datetime
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from libs.common.errors import InvalidSettings, PipelineError, StorageUnavailable
from libs.common.events import EVENTS
from libs.common.release import RELEASE
from libs.common.service import REFUSED, stop_signal
from libs.common.settings import read_settings
from libs.common.streams.keys import PROJECTION
from libs.common.streams.monitor import Heartbeat, WorkerInfo
from libs.common.streams.queue import Publisher, consumer_name
from libs.common.streams.reader import GroupReader
from libs.common.telemetry import configure_logs
from services.gateway import migrate
from services.gateway.app import create_app
from services.gateway.background.housekeeping import Housekeeping
from services.gateway.background.outbox import Relay
from services.gateway.background.projection import Projection
from services.gateway.background.reconciler import Reconciler
from services.gateway.background.records import Records
from services.gateway.background.retention import Retention
from services.gateway.background.trimmer import Trimmer
from services.gateway.background.upkeep import Periods, Upkeep
from services.gateway.gateway import Gateway, open_gateway
from services.gateway.settings import GatewaySettings

_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """Leaves signals and the exit status alone.

    uvicorn raises signals again when it ends, before the work in the background has, and exits where it cannot listen.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit as end:
            where = f"HOST={self.config.host}, PORT={self.config.port}"
            raise InvalidSettings(f"cannot listen on {where}: {end.__context__}") from end


def main(arguments: list[str]) -> int:
    """Serve or migrate; says in one line why it cannot start, with the status `REFUSED` if the settings are why."""
    try:
        settings = read_settings(GatewaySettings)
        configure_logs("gateway", level=settings.log_level, style=settings.log_format)
        match arguments:
            case []:
                asyncio.run(_serve(settings))
            case ["migrate"]:
                _log.info("database migrated", applied=migrate.apply(settings.postgres_url))
            case _:
                sys.stderr.write("usage: python -m services.gateway [migrate]\n")
                return 2
    except PipelineError as error:
        sys.stderr.write(f"gateway cannot start ({error.code}): {error.message}\n")
        return REFUSED if isinstance(error, InvalidSettings) else 1
    return 0


async def _serve(settings: GatewaySettings) -> None:
    stopped = stop_signal()
    async with open_gateway(settings) as gateway:
        await _check_store(gateway)
        async with _upkeep(gateway, settings).running():
            server = _server(gateway, settings)
            stopping = asyncio.create_task(_stop(server, gateway, stopped))
            await server.serve()
            stopping.cancel()
    _log.info("gateway stopped")


async def _check_store(gateway: Gateway) -> None:
    try:
        await gateway.store.check()
    except StorageUnavailable as error:
        _log.warning("the object store does not answer yet", error=error.message)


async def _stop(server: uvicorn.Server, gateway: Gateway, stopped: asyncio.Event) -> None:
    await stopped.wait()
    gateway.tail.close()  # whoever follows events would hold the server up
    server.should_exit = True


def _server(gateway: Gateway, settings: GatewaySettings) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(gateway),
        host=settings.host,
        port=settings.port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.grace)),
    )
    return _Server(config)


def _upkeep(gateway: Gateway, settings: GatewaySettings) -> Upkeep:
    consumer, scripts = consumer_name("gateway"), gateway.scripts
    info = WorkerInfo(consumer=consumer, service="gateway", release=RELEASE, stages={PROJECTION: None})
    reader = GroupReader(gateway.redis, scripts, streams=list(EVENTS), group=PROJECTION, consumer=consumer)
    return Upkeep(
        relay=Relay(gateway.database, Publisher(gateway.redis, scripts), gateway.outbox_waiting),
        projection=Projection(
            Records(gateway.database, gateway.store, gateway.erasures),
            gateway.redis,
            reader,
            lease=settings.lease,
            galleries=gateway.galleries_requested,
        ),
        galleries=gateway.galleries,
        reconciler=Reconciler(
            gateway.database,
            gateway.redis,
            scripts,
            age=settings.reconcile_age,
            lifetime=gateway.erasures.lifetime,
        ),
        erasures=gateway.erasures,
        trimmer=Trimmer(gateway.redis, scripts, keep=datetime.timedelta(days=settings.keep_days)),
        heartbeat=Heartbeat(gateway.redis, info, lifetime=settings.lease),
        housekeeping=Housekeeping(gateway.database, gateway.store, settings.upload_age),
        retention=Retention(gateway.database, gateway.deletion, settings.retention_days),
        periods=Periods.of(reconcile=settings.reconcile_period, upload_age=settings.upload_age),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
