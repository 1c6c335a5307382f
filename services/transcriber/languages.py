"""The language of a meeting: detected once, by whichever chunk is first, and the same for all of them."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from weakref import WeakValueDictionary

from libs.common.engine import EngineInfo
from libs.common.events import ChunkEvent
from libs.common.running_engine import RunningEngine
from libs.common.speech import Segment
from libs.common.stage import Work
from libs.common.storage import ObjectStore
from libs.common.transcript import MeetingLanguage, language_key
from services.transcriber.engines import Transcriber
from services.transcriber.planning import ChunkRules, plan_chunks, speech_stretches, split_stretch

CERTAIN = 0.5
"""From this probability on, nobody needs to be told of a doubt."""

_RULES = ChunkRules(target=30.0, maximum=30.0, longest_silence=1.0)
_PASSAGES = 4


def language_passages(turns: Iterable[Segment], duration: float) -> tuple[Segment, ...]:
    """Where to listen: the longest stretch of speech, of up to 30 s, in each quarter of the meeting.

    Everybody who asks for the same turns is given the same passages.
    """
    stretches = [
        part
        for stretch in speech_stretches(turns, duration)
        for part in split_stretch(stretch, _RULES, lambda within: within.end)
    ]
    longest: dict[int, Segment] = {}
    for passage in plan_chunks(stretches, _RULES) if stretches else ():
        quarter = min(_PASSAGES - 1, int(passage.middle / duration * _PASSAGES))
        longest[quarter] = max(longest.get(quarter, passage), passage, key=lambda one: one.duration)
    return tuple(longest[quarter] for quarter in sorted(longest))


class Languages:
    """Knows or detects the language of each meeting whose chunks come by."""

    def __init__(self, store: ObjectStore, engine: RunningEngine[Transcriber], info: EngineInfo) -> None:
        self._store = store
        self._engine = engine
        self._info = info
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of_meeting(self, event: ChunkEvent, audio: Path, turns: Iterable[Segment], work: Work) -> str:
        """The language that the run has agreed on; the first of its chunks finds out.

        Chunks of one process wait for each other; of several processes that ask at the same time, the first that
        answers decides for all.
        """
        key = language_key(event.folder)
        async with self._locks.setdefault(key, asyncio.Lock()):
            if (known := await find_language(self._store, event.folder)) is not None:
                return known.language
            found = await self._detect(audio, language_passages(turns, event.duration), work)
            if await self._store.put_new(key, found.model_dump_json().encode()):
                return found.language
            return (await self._store.load(MeetingLanguage, key)).language

    async def _detect(self, audio: Path, passages: tuple[Segment, ...], work: Work) -> MeetingLanguage:
        spoken = await self._engine.run(work, Transcriber.detect_language, audio, passages)
        return MeetingLanguage(
            language=spoken.language, probability=spoken.probability, passages=passages, engine=self._info
        )


async def find_language(store: ObjectStore, folder: str) -> MeetingLanguage | None:
    """What was detected in a run; `None` if nobody had to."""
    return await store.load(MeetingLanguage, language_key(folder)) if await store.exists(language_key(folder)) else None
