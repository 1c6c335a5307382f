"""Waiting for enrolment clips to be judged."""

import time
from collections.abc import Collection

from cli.answers.speakers import Speaker
from cli.client import Gateway
from cli.errors import EnrolmentFailed

_INTERVAL = 0.25


def wait_for_enrolment(gateway: Gateway, speaker_id: str, sample_ids: Collection[str] | None = None) -> Speaker:
    """Wait until none of these clips, otherwise of all, is in work any more.

    Raises:
        EnrolmentFailed: Not one of them could be used, whatever else the speaker has.
    """
    while True:
        speaker = gateway.speaker(speaker_id)
        samples = tuple(one for one in speaker.samples if sample_ids is None or one.sample_id in sample_ids)
        if all(one.status in {"enrolled", "failed"} for one in samples):
            break
        time.sleep(_INTERVAL)
    if samples and all(one.error for one in samples):
        raise EnrolmentFailed(speaker, samples)
    return speaker
