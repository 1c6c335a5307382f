"""Answers that were given before: objects in the store, with a cache in front, so that no question is paid twice."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from libs.common.answers import answer_key, answer_marker_key
from libs.common.cache import Cache
from libs.common.engine import EngineInfo
from libs.common.speech import Frozen
from libs.common.storage import ObjectStore
from services.summarizer.engines import Answer


class AnswerRecord(Frozen):
    """The object `answers/<workspace>/<digest>.json`."""

    version: Literal[1] = 1
    meeting_id: str
    """The meeting whose question was answered first."""

    persona: str
    engine: EngineInfo
    answer: Answer


class Question(Frozen):
    """What an engine is asked on behalf of a meeting."""

    workspace: str
    meeting_id: str
    persona: str
    engine: EngineInfo
    asked: str
    """Everything the answer depends on beside the engine: persona, prompt and transcript."""

    @property
    def digest(self) -> str:
        """SHA-256; equal questions have equal answers."""
        return hashlib.sha256(f"{self.engine.model_dump_json()}\n{self.asked}".encode()).hexdigest()


Source = Literal["model", "cache", "store"]
"""Where an answer was."""


@dataclass(frozen=True)
class Found:
    """An answer that was given before."""

    answer: Answer
    source: Source


class Answers:
    """Finds and keeps answers. A cache that is out of reach costs time, never an answer."""

    def __init__(self, store: ObjectStore, cache: Cache, *, lifetime: float) -> None:
        """`lifetime`: seconds that an answer stays in the cache."""
        self._store = store
        self._cache = cache
        self._lifetime = lifetime

    async def find(self, question: Question) -> Found | None:
        """The answer given before, or `None`; a meeting that gets one takes it along when it is erased."""
        digest = question.digest
        key = answer_key(question.workspace, digest)
        source: Source = "cache"
        record = _read(await self._cache.get(key))
        if record is None:
            data = await self._store.find(key)
            record = _read(data)
            if data is None or record is None:
                return None
            source = "store"
            await self._cache.set(key, data, lifetime=self._lifetime)
        await self._mark(question.meeting_id, digest)
        return Found(record.answer, source)

    async def keep(self, question: Question, answer: Answer) -> None:
        """Keep an answer, after the marker by which its meeting's deletion finds it."""
        digest = question.digest
        key = answer_key(question.workspace, digest)
        record = AnswerRecord(
            meeting_id=question.meeting_id, persona=question.persona, engine=question.engine, answer=answer
        )
        data = record.model_dump_json().encode()
        await self._mark(question.meeting_id, digest)
        await self._store.put(key, data)
        await self._cache.set(key, data, lifetime=self._lifetime)

    async def _mark(self, meeting_id: str, digest: str) -> None:
        await self._store.put(answer_marker_key(meeting_id, digest), b"1")


def _read(data: bytes | None) -> AnswerRecord | None:
    """What is unreadable, or of another version, counts as absent: it can be made again."""
    if data is None:
        return None
    try:
        return AnswerRecord.model_validate_json(data)
    except ValidationError:
        return None
