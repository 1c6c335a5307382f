"""Waiting until voices are embedded again."""

import time
from collections import Counter
from collections.abc import Collection

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cli.answers.speakers import Reembedding, Sample, Speaker
from cli.client import Gateway
from cli.errors import SpeakerNotNamed

_INTERVAL = 1.0
_UNDECIDED = frozenset({"under_way", "unknown"})
"""`unknown`: the diarizer or Redis is away; what was started goes on when it is back."""


def named_speakers(gateway: Gateway, names: Collection[str]) -> tuple[str, ...]:
    """The ids of speakers who are named by their id, or by their name in whatever case.

    Raises:
        SpeakerNotNamed: Nobody is called so.
    """
    ids = {word: one.speaker_id for one in gateway.speakers() for word in (one.speaker_id, one.name.casefold())}
    for name in names:
        if name.casefold() not in ids:
            raise SpeakerNotNamed(f"there is no speaker {name}: hansard speakers lists them")
    return tuple(dict.fromkeys(ids[name.casefold()] for name in names))


def wait_for_voiceprints(gateway: Gateway, speaker_ids: Collection[str], console: Console) -> tuple[Speaker, ...]:
    """Show how many samples of these speakers, otherwise of all, are still in work, until none is."""
    try:
        return _wait(gateway, speaker_ids, console)
    except KeyboardInterrupt:
        text = "hansard: it goes on; hansard speakers re-embed waits again, and starts nothing twice"
        console.print(text, highlight=False, soft_wrap=True)
        raise


def _wait(gateway: Gateway, speaker_ids: Collection[str], console: Console) -> tuple[Speaker, ...]:
    columns = (TextColumn("embedding"), BarColumn(), MofNCompleteColumn())
    total = last = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("")
        while True:
            speakers = tuple(one for one in gateway.speakers() if not speaker_ids or one.speaker_id in speaker_ids)
            left = sum(one.voiceprint in _UNDECIDED for one in _samples(speakers))
            total = max(total, left)
            progress.update(bar, total=total, completed=total - left)
            if not console.is_terminal and left != last:
                console.print(f"embedding: {total - left} of {total}", highlight=False)
            if not left:
                return speakers
            last = left
            time.sleep(_INTERVAL)


def after_waiting(begun: Reembedding, speakers: Collection[Speaker]) -> Reembedding:
    """The same answer, with what there is now."""
    now = Counter(one.voiceprint for one in _samples(speakers))
    return begun.model_copy(update={name: now[name] for name in Reembedding.states})


def failed_lines(speakers: Collection[Speaker]) -> list[str]:
    """One line for each sample of which no voiceprint could be made."""
    return [
        f"  {speaker.name}, {sample.filename or sample.sample_id}: {sample.reason}"
        for speaker in speakers
        for sample in speaker.samples
        if sample.voiceprint == "failed"
    ]


def _samples(speakers: Collection[Speaker]) -> list[Sample]:
    return [sample for speaker in speakers for sample in speaker.samples]
