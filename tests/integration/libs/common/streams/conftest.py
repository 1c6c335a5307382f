"""One stage's queue, as any number of workers see it."""

import pytest
from redis.asyncio import Redis

from libs.common.events import SampleAccepted
from tests.integration.deliveries import MakeQueue, queues
from tests.integration.line import accepted


@pytest.fixture
def make_queue(redis: Redis) -> MakeQueue:
    return queues(redis)


@pytest.fixture
def event() -> SampleAccepted:
    return accepted()
