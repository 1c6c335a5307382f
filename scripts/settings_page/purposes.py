"""What settings are for: the headings of the page, in the order of reading."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Purpose:
    """A group of variables."""

    title: str
    names: re.Pattern[str]


def _purpose(title: str, names: str) -> Purpose:
    return Purpose(title, re.compile(names))


PURPOSES: Sequence[Purpose] = (
    _purpose("Servers and storage", r"(REDIS|POSTGRES)_|OBJECT_STORE_URL|AWS_|UPLOAD_EXPIRY"),
    _purpose("Where a service listens, and who may ask", r"HOST$|PORT$|HANSARD_HOST|REQUIRE_API_KEY|HANSARD_API_KEY"),
    _purpose("Logs, metrics and traces", r"LOG_|OTEL_|METRICS_"),
    _purpose("Delivery", r"LEASE$|GRACE$|STALL_LIMIT|ENGINE_MEMORY_MB|RECONCILE_|MAX_WAITING|BACKLOG"),
    _purpose("Uploads and how long things are kept", r"MAX_UPLOAD_|UPLOAD_AGE|SWEEP_AGE|KEEP_DAYS|RETENTION_DAYS"),
    _purpose("Recordings", r"FFMPEG_|MAX_(SAMPLE_)?DURATION|NORMALIZER_"),
    _purpose("Voices", r"DIARIZER_|ENROLL_|MATCH_|PYANNOTE_"),
    _purpose("Words", r"TRANSCRIBER_|CHUNK_|WHISPER_"),
    _purpose("Models from the Hugging Face hub", r"HUGGINGFACE_|HF_"),
    _purpose("Minutes", r"SUMMARIZER_|PERSONAS_|PROMPTS_|ANSWER_|OPENAI_"),
    _purpose("One machine", r"HANSARD_HOME"),
    _purpose("Other", r""),
)


def purpose_of(name: str) -> Purpose:
    """The first that a name belongs to."""
    return next(one for one in PURPOSES if one.names.match(name))
