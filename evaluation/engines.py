"""The engines alone, in this process: what the services run, without servers, queues and the object store."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluation.line import Hypothesis, Naming
from evaluation.recordings import Recording
from libs.common.audio import audio_duration, read_segment
from libs.common.settings import read_settings
from libs.common.speakers import Gallery, Voiceprint
from libs.common.speech import Diarization, Segment, SpeakerBounds, Turn, speech_duration
from libs.common.transcript import ChunkWords, Transcript
from services.diarizer import engines as diarizers
from services.diarizer.engines import DiarizedSpeech, Diarizer
from services.diarizer.matching import LabelVoice, MatchRules, match_labels
from services.diarizer.settings import DiarizerSettings
from services.normalizer.decoding import Limit
from services.normalizer.errors import RecordingTooLong
from services.normalizer.ffmpeg import find_ffmpeg
from services.normalizer.normalization import normalize
from services.normalizer.settings import NormalizerSettings
from services.transcriber import engines as transcribers
from services.transcriber.assembly import assemble
from services.transcriber.engines import Chunk
from services.transcriber.languages import language_passages
from services.transcriber.pauses import quietest
from services.transcriber.planning import ChunkRules, is_too_long, plan_chunks, speech_stretches, split_stretch
from services.transcriber.settings import TranscriberSettings


class EngineLine:
    """Implements `Line`; settings come from the same variables as the services'."""

    def __init__(self, folder: Path) -> None:
        """`folder` takes the normalized audio."""
        normalizer, diarizer = read_settings(NormalizerSettings), read_settings(DiarizerSettings)
        transcriber = read_settings(TranscriberSettings)
        self._folder = folder
        self._ffmpeg = find_ffmpeg(normalizer.ffmpeg_path)
        self._limit = Limit(duration=normalizer.max_duration, error=RecordingTooLong)
        # In this order: pyannote lets all that reads OpenMP's settings after it wait asleep, which slows CTranslate2.
        self._transcriber = transcribers.load_engine(transcriber)
        self._diarizer: Diarizer = diarizers.load_engine(diarizer)
        self._chunk_rules = ChunkRules(target=transcriber.chunk_target, maximum=transcriber.chunk_maximum)
        self._rules = MatchRules(threshold=diarizer.match_threshold, margin=diarizer.match_margin)
        self._voiceprints: dict[Path, Voiceprint | None] = {}
        self.description = "engines in this process"

    def process(self, recording: Recording) -> Hypothesis:
        seconds: dict[str, float] = {}
        with _timed(seconds, "normalize"):
            audio = self._normalized(recording.audio)
        with _timed(seconds, "diarize"):
            speech = self._diarizer.diarize(audio, SpeakerBounds())
        transcript = None
        if recording.text:
            with _timed(seconds, "transcribe"):
                transcript = self._transcribe(audio, speech)
        return Hypothesis(
            turns=speech.turns,
            duration=audio_duration(audio),
            namings=tuple(self._naming(recording, speech, enrolled) for enrolled in recording.splits),
            utterances=transcript.utterances if transcript else None,
            language=transcript.language if transcript else None,
            engines={
                "normalize": "ffmpeg",
                "diarize": self._diarizer.info.name,
                **({"transcribe": self._transcriber.info.name} if transcript else {}),
            },
            seconds=seconds,
        )

    def _normalized(self, path: Path) -> Path:
        target = self._folder / f"{len(list(self._folder.iterdir())):04d}.flac"
        work = normalize(self._ffmpeg, path, target, limit=self._limit, progress=lambda _fraction: None)
        asyncio.run(work)
        return target

    def _transcribe(self, audio: Path, speech: DiarizedSpeech) -> Transcript:
        """By chunks, as the services do it."""
        found = Diarization(turns=speech.turns, exclusive_turns=speech.exclusive_turns)
        stretches = speech_stretches(found.turns, audio_duration(audio))
        rules = self._chunk_rules.for_speech(speech_duration(stretches))
        pieces = [piece for stretch in stretches for piece in _split(stretch, rules, audio)]
        language = self._language(audio, found.turns)
        chunks = []
        for index, segment in enumerate(plan_chunks(pieces, rules) if pieces else ()):
            heard = self._transcriber.transcribe(audio, Chunk(segment=segment, speech=found.turns, language=language))
            chunks.append(ChunkWords(index=index, segment=segment, language=heard.language, words=heard.words))
        return assemble(chunks, (), found.word_turns)

    def _language(self, audio: Path, turns: tuple[Turn, ...]) -> str | None:
        """Once for all chunks."""
        passages = language_passages(turns, audio_duration(audio))
        known = self._transcriber.abilities().only_language
        return known if known or not passages else self._transcriber.detect_language(audio, passages).language

    def _naming(self, recording: Recording, speech: DiarizedSpeech, enrolled: frozenset[str]) -> Naming:
        clips = [(name, clip) for name in sorted(enrolled) for clip in recording.clips[name]]
        voiceprints = tuple(one for name, clip in clips if (one := self._voiceprint(name, clip)) is not None)
        gallery = Gallery(workspace="evaluation", model=speech.model, voiceprints=voiceprints)
        decisions = match_labels(_voices(speech), gallery, self._rules.of(speech.model))
        return Naming(enrolled=enrolled, names={one.label: one.name for one in decisions if one.name is not None})

    def _voiceprint(self, name: str, clip: Path) -> Voiceprint | None:
        """Of one enrolment clip; `None` where nobody speaks."""
        if clip not in self._voiceprints:
            voice = self._diarizer.embed(self._normalized(clip))
            self._voiceprints[clip] = (
                None
                if voice.embedding is None
                else Voiceprint(
                    sample_id=str(clip), speaker_id=name, name=name, vector=tuple(map(float, voice.embedding))
                )
            )
        return self._voiceprints[clip]


def _voices(speech: DiarizedSpeech) -> list[LabelVoice]:
    labels = dict.fromkeys(turn.label for turn in speech.turns)
    return [
        LabelVoice(
            label=label,
            speech_seconds=speech_duration(turn for turn in speech.turns if turn.label == label),
            vector=tuple(map(float, speech.embeddings[label])) if label in speech.embeddings else None,
        )
        for label in labels
    ]


def _split(stretch: Segment, rules: ChunkRules, audio: Path) -> list[Segment]:
    if not is_too_long(stretch, rules):
        return [stretch]
    return split_stretch(stretch, rules, lambda within: within.start + quietest(read_segment(audio, within)))


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds[stage] = time.monotonic() - began
