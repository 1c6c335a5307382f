"""All speech to learn from, made once and kept in the work folder."""

import hashlib
import pickle
from pathlib import Path

import numpy as np

from scripts.fixture_models.whisper.recipes import Library, Said
from scripts.fixture_models.whisper.sentences import meeting_sentences, shuffled_sentences, spliced_sentences
from scripts.fixture_models.whisper.speech import Order, speak_all
from scripts.sample_meeting.scenario import Scenario

_STRETCHES = (0.93, 1.0, 1.08)


def gather(scenarios: list[Scenario], work: Path, *, seed: int) -> Library:
    """The library of the meetings; from the work folder if it was made before from the same texts."""
    orders = _orders(scenarios, seed)
    digest = hashlib.sha256(repr((orders, scenarios)).encode()).hexdigest()[:16]
    kept = work / f"library-{digest}.pickle"
    if not kept.exists():
        kept.write_bytes(pickle.dumps(_speak(scenarios, orders)))
    library: Library = pickle.loads(kept.read_bytes())
    return library


def _speak(scenarios: list[Scenario], orders: list[Order]) -> Library:
    meetings = [
        [
            (Order(text, scenario.people[who].voice), pause, scenario.people[who].level_dbfs)
            for who, pause, text in scenario.utterances
        ]
        for scenario in scenarios
    ]
    said = speak_all([order for meeting in meetings for order, _, _ in meeting])
    spoken = iter(said)
    return Library(
        meetings=tuple(tuple(Said(next(spoken), pause, level) for _, pause, level in meeting) for meeting in meetings),
        utterances=(*speak_all(orders), *said),
    )


def _orders(scenarios: list[Scenario], seed: int) -> list[Order]:
    rng = np.random.default_rng(seed)
    voices = sorted({person.voice for scenario in scenarios for person in scenario.people.values()})
    sentences = meeting_sentences(scenarios)
    invented = (*spliced_sentences(sentences, 600, rng), *shuffled_sentences(sentences, 400, rng))
    return [
        *(Order(text, voice, stretch) for text in sentences for voice in voices for stretch in _STRETCHES),
        *(Order(text, str(rng.choice(voices)), float(rng.choice(_STRETCHES))) for text in invented),
    ]
