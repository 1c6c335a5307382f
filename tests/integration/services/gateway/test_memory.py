"""A gateway that runs does not search again what it has loaded."""

import gc

from services.gateway.serving import running_gateway
from services.gateway.settings import GatewaySettings


async def test_what_is_loaded_when_requests_begin_is_not_searched_for_garbage(settings: GatewaySettings) -> None:
    gc.unfreeze()
    try:
        async with running_gateway(settings):
            assert gc.get_freeze_count() > len(gc.get_objects())
    finally:
        gc.unfreeze()
