"""After the last fault: every request is answered, every run ends, and nothing is left over."""

import asyncio

from chaos.clients import Clients
from chaos.evidence import is_settled
from chaos.hansard import Hansard
from chaos.invariants.leftovers import find_leftovers
from chaos.polling import until

_ANSWERED_WITHIN = 60.0
_ENDED_WITHIN = 90.0
_CLEAN_WITHIN = 60.0


async def wait_until_quiet(hansard: Hansard, clients: Clients) -> list[str]:
    """What has not come to rest in time."""
    violations: list[str] = []
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN):
            await clients.finish()
    except TimeoutError:
        violations.append(f"clients had no answer {_ANSWERED_WITHIN:.0f} s after the last fault")
    if not await until(lambda: is_settled(hansard.servers.audit_url), within=_ENDED_WITHIN):
        violations.append(f"some runs had not ended {_ENDED_WITHIN:.0f} s after the last answer")
    return violations + await _leftovers(hansard)


async def _leftovers(hansard: Hansard) -> list[str]:
    found: list[str] = []

    async def is_clean() -> bool:
        found[:] = await find_leftovers(hansard)
        return not found

    await until(is_clean, within=_CLEAN_WITHIN)
    return found
