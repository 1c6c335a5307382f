"""Waiting for enrolment clips to be judged."""

import time

from cli.answers import Speaker
from cli.client import Gateway
from cli.errors import CommandFailed

_INTERVAL = 0.25


def wait_for_enrolment(gateway: Gateway, speaker_id: str) -> Speaker:
    """Wait until no clip is in work any more.

    Raises:
        CommandFailed: Not one clip could be used.
    """
    while True:
        speaker = gateway.speaker(speaker_id)
        if all(sample.status in {"enrolled", "failed"} for sample in speaker.samples):
            break
        time.sleep(_INTERVAL)
    faults = [f"{sample.error.message} ({sample.error.code})" for sample in speaker.samples if sample.error]
    if speaker.samples and len(faults) == len(speaker.samples):
        raise CommandFailed(f"{speaker.name} could not be enrolled: {'; '.join(faults)}")
    return speaker
