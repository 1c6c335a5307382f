"""A meeting that tests take through the line by hand."""

import httpx
import pytest

from services.gateway.gateway import Gateway
from tests.integration.services.gateway.worked_meeting import WorkedMeeting, hand_in


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> WorkedMeeting:
    return await hand_in(client, gateway)
