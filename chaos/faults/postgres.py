"""Faults of Postgres: an immediate restart, and no connection left for anybody."""

import asyncio
import random
from contextlib import AsyncExitStack

import psycopg

from chaos.faults.fault import Fault, NoTarget, World

_TAKEN_FOR = (2.0, 4.0)
_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hansard'"


def postgres_faults() -> list[Fault]:
    """Both."""
    return [Fault("postgres-restart", _restart), Fault("postgres-exhausted", _exhaust)]


async def _restart(world: World, rng: random.Random) -> str:
    async with world.hansard.servers.postgres_lock:
        await world.hansard.servers.restart_postgres()
    return ""


async def _exhaust(world: World, rng: random.Random) -> str:
    """End the gateways' sessions and take all connections that their role can have."""
    servers, seconds = world.hansard.servers, rng.uniform(*_TAKEN_FOR)
    taken = 0
    async with servers.postgres_lock, AsyncExitStack() as held:
        try:
            async with await psycopg.AsyncConnection.connect(servers.observer_url, autocommit=True) as observer:
                await observer.execute(_END_SESSIONS)
            while True:
                connecting = psycopg.AsyncConnection.connect(servers.postgres_url, connect_timeout=5)
                await held.enter_async_context(await connecting)
                taken += 1
        except psycopg.OperationalError as error:
            if not taken:
                raise NoTarget(f"postgres: {error}") from error
        await asyncio.sleep(seconds)
    return f"{taken} connections for {seconds:.1f} s"
