"""The words of one chunk, by an engine that is told all that is known about the chunk."""

from libs.common.engine import EngineInfo
from libs.common.events import ChunkPlanned
from libs.common.request import MeetingRequest
from libs.common.running_engine import RunningEngine
from libs.common.speakers import SpeakerMatches
from libs.common.speech import Diarization
from libs.common.stage import Work
from libs.common.storage import ObjectStore
from services.transcriber.engines import Abilities, Chunk, Recognized, Transcriber
from services.transcriber.languages import Languages


class Recognition:
    """Asks the engine, in the language of the meeting."""

    def __init__(
        self, store: ObjectStore, engine: RunningEngine[Transcriber], abilities: Abilities, info: EngineInfo
    ) -> None:
        self._store = store
        self._engine = engine
        self._abilities = abilities
        self._languages = Languages(store, engine, info)

    async def of_chunk(self, event: ChunkPlanned, work: Work) -> Recognized:
        """What the engine hears; nothing where nobody talks."""
        request = await self._store.load(MeetingRequest, event.request_key)
        if event.segment.duration == 0:
            return Recognized(words=(), language=request.language)
        diarization = await self._store.load(Diarization, event.turns_key)
        vocabulary = await self._vocabulary(event, request) if self._abilities.has_vocabulary else ()
        async with self._store.local_copy(event.audio_key) as audio:
            language = request.language or self._abilities.only_language
            if language is None:
                language = await self._languages.of_meeting(event, audio, diarization.turns, work)
            chunk = Chunk(
                segment=event.segment,
                speech=tuple(turn for turn in diarization.turns if turn.overlap(event.segment) > 0),
                language=language,
                vocabulary=vocabulary,
            )
            return await self._engine.run(work, Transcriber.transcribe, audio, chunk)

    async def _vocabulary(self, event: ChunkPlanned, request: MeetingRequest) -> tuple[str, ...]:
        """What the client wants to be expected, then the names of those who were recognized by their voices."""
        matches = await self._store.load(SpeakerMatches, event.speakers_key)
        return (*request.vocabulary, *matches.names.values())
