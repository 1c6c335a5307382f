"""Lines that tell how far a training is."""

import time

_EVERY_STEPS = 20


class Progress:
    """Prints a line now and then."""

    def __init__(self, name: str, steps: int) -> None:
        self._name = name
        self._steps = steps
        self._begun = time.monotonic()

    def report(self, step: int, loss: float, accuracy: float) -> None:
        """Call it after every step, counted from 1."""
        if step % _EVERY_STEPS and step != self._steps:
            return
        seconds = time.monotonic() - self._begun
        print(
            f"{self._name} {step}/{self._steps}: loss {loss:.3f}, accuracy {accuracy:.1%}, {seconds:.0f} s", flush=True
        )
