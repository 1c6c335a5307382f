"""A gateway from its start to its end, whoever listens for it: `python -m services.gateway` or uvicorn's command."""

import datetime
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog

from libs.common.errors import StorageUnavailable
from libs.common.events import EVENTS
from libs.common.metrics.process import measured_process
from libs.common.release import RELEASE
from libs.common.storage_backend import folder_of
from libs.common.streams.keys import PROJECTION
from libs.common.streams.monitor import Heartbeat, WorkerInfo
from libs.common.streams.queue import Publisher, consumer_name
from libs.common.streams.reader import GroupReader
from libs.common.tracing.setup import tracing
from services.gateway.background.housekeeping import Housekeeping
from services.gateway.background.outbox import Relay
from services.gateway.background.projection import Projection
from services.gateway.background.reconciler import Reconciler
from services.gateway.background.records import Records
from services.gateway.background.retention import Retention
from services.gateway.background.trimmer import Trimmer
from services.gateway.background.upkeep import Periods, Upkeep
from services.gateway.database import DatabaseUnavailable
from services.gateway.gateway import Gateway, open_gateway
from services.gateway.memory import keep_freed_memory, keep_what_is_loaded
from services.gateway.settings import GatewaySettings

_FIRST_KEY = "python -m services.gateway keys create NAME, or set HANSARD_API_KEY and run migrate"

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def running_gateway(settings: GatewaySettings) -> AsyncIterator[Gateway]:
    """A gateway with its work in the background, for as long as the block lasts.

    Raises:
        InvalidSettings: It cannot be opened as it is set up.
    """
    keep_freed_memory()
    with tracing("gateway", settings):
        async with open_gateway(settings) as gateway:
            await _check_store(gateway)
            await _check_keys(gateway)
            async with _measured(gateway, settings), _upkeep(gateway, settings).running():
                keep_what_is_loaded()
                yield gateway
    _log.info("gateway stopped")


async def _check_store(gateway: Gateway) -> None:
    try:
        await gateway.store.check()
    except StorageUnavailable as error:
        _log.warning("the object store does not answer yet", error=error.message)


async def _check_keys(gateway: Gateway) -> None:
    """A door without any key lets nobody in: say so, once, with the cure."""
    try:
        if gateway.callers.is_key_required and not await gateway.callers.has_any():
            _log.warning("nobody can ask for anything yet: no API key exists", cure=_FIRST_KEY)
    except DatabaseUnavailable as error:
        _log.warning("the database does not answer yet", error=error.message)


def _measured(gateway: Gateway, settings: GatewaySettings) -> AbstractAsyncContextManager[None]:
    folder = folder_of(settings.object_store_url)
    folders = {} if folder is None else {"objects": folder}
    return measured_process(gateway.metrics.registry, service="gateway", folders=folders)


def _upkeep(gateway: Gateway, settings: GatewaySettings) -> Upkeep:
    consumer, scripts = consumer_name("gateway"), gateway.scripts
    info = WorkerInfo(
        consumer=consumer, service="gateway", release=RELEASE, stages={PROJECTION: None}, lease=settings.lease
    )
    reader = GroupReader(gateway.redis, scripts, streams=list(EVENTS), group=PROJECTION, consumer=consumer)
    return Upkeep(
        relay=Relay(gateway.database, Publisher(gateway.redis, scripts), gateway.outbox_waiting),
        projection=Projection(
            Records(gateway.database, gateway.store, gateway.erasures),
            gateway.redis,
            reader,
            lease=settings.lease,
            galleries=gateway.galleries_requested,
            counts=gateway.metrics.counts,
        ),
        galleries=gateway.galleries,
        reconciler=Reconciler(
            gateway.database,
            gateway.redis,
            scripts,
            age=settings.reconcile_age,
            lifetime=gateway.erasures.lifetime,
            counts=gateway.metrics.counts,
        ),
        erasures=gateway.erasures,
        trimmer=Trimmer(gateway.redis, scripts, keep=datetime.timedelta(days=settings.keep_days)),
        heartbeat=Heartbeat(gateway.redis, info, lifetime=settings.lease),
        housekeeping=Housekeeping(gateway.database, gateway.store, settings.upload_age),
        retention=Retention(gateway.database, gateway.deletion, settings.retention_days),
        periods=Periods.of(reconcile=settings.reconcile_period, upload_age=settings.upload_age),
    )
