"""One engine for all tests that look at what it gives."""

import pytest

from services.diarizer.engines import DiarizedSpeech, Diarizer, load_engine
from tests.with_torch.diarizer.recordings import FREE, PLANNING, settings


@pytest.fixture(scope="session")
def engine() -> Diarizer:
    return load_engine(settings())


@pytest.fixture(scope="session")
def planning(engine: Diarizer) -> DiarizedSpeech:
    return engine.diarize(PLANNING, FREE)
