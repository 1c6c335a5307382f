"""Waiting for enrolment clips to be judged."""

import time

from cli.answers.speakers import Speaker
from cli.client import Gateway
from cli.errors import EnrolmentFailed

_INTERVAL = 0.25


def wait_for_enrolment(gateway: Gateway, speaker_id: str) -> Speaker:
    """Wait until no clip is in work any more.

    Raises:
        EnrolmentFailed: Not one clip could be used.
    """
    while True:
        speaker = gateway.speaker(speaker_id)
        if all(sample.status in {"enrolled", "failed"} for sample in speaker.samples):
            break
        time.sleep(_INTERVAL)
    if speaker.samples and all(sample.error for sample in speaker.samples):
        raise EnrolmentFailed(speaker)
    return speaker
