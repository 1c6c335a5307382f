"""What clients do, as cards of a deck: in the order of chance, and each kind often enough."""

import random
from collections.abc import Iterator
from typing import Literal

Card = Literal["meeting", "twice", "cancel", "delete", "replay", "enrolment", "enrolment and deletion", "cut upload"]

_DECK: dict[Card, int] = {
    "meeting": 11,
    "twice": 2,
    "cancel": 2,
    "delete": 2,
    "replay": 2,
    "enrolment": 3,
    "enrolment and deletion": 1,
    "cut upload": 2,
}
DECK_SIZE = sum(_DECK.values())


def cards(rng: random.Random) -> Iterator[Card]:
    """One shuffled deck after the other."""
    while True:
        yield from rng.sample(list(_DECK), DECK_SIZE, counts=list(_DECK.values()))
