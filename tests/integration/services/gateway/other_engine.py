"""A diarization engine with an embedding model of its own: it hears what the embedded one hears, and says it otherwise.

Its vectors are those of the embedded engine backwards. Among themselves they are as alike as those are, and compared
with those they say nothing: whoever mixes the models up names the wrong people, or nobody.
"""

from dataclasses import replace
from pathlib import Path

from libs.common.engine import EngineInfo
from libs.common.speech import SpeakerBounds
from services.diarizer.engines import DiarizedSpeech, Diarizer, SampleVoice
from services.diarizer.engines.embedded import EmbeddedDiarizer


class BackwardsDiarizer:
    """Implements `Diarizer`."""

    def __init__(self) -> None:
        self._embedded = EmbeddedDiarizer()
        self.embedding_model = self._embedded.embedding_model.model_copy(update={"revision": "backwards"})
        self.info = EngineInfo(name="backwards", models={"embedding": self.embedding_model.id})

    def diarize(self, audio: Path, bounds: SpeakerBounds) -> DiarizedSpeech:
        speech = self._embedded.diarize(audio, bounds)
        embeddings = {label: vector[::-1] for label, vector in speech.embeddings.items()}
        return replace(speech, model=self.embedding_model, embeddings=embeddings)

    def embed(self, audio: Path) -> SampleVoice:
        voice = self._embedded.embed(audio)
        embedding = None if voice.embedding is None else voice.embedding[::-1]
        return replace(voice, model=self.embedding_model, embedding=embedding)


def load_embedded() -> Diarizer:
    return EmbeddedDiarizer()


def load_backwards() -> Diarizer:
    return BackwardsDiarizer()
