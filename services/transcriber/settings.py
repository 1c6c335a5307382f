"""Settings of the transcriber."""

from typing import Literal

from pydantic import Field, SecretStr

from libs.common.machine import usable_cores
from libs.common.settings import Count, Mebibytes, PortNumber, Seconds, ServiceSettings

EngineName = Literal["pocketsphinx", "faster-whisper"]

WhisperDevice = Literal["auto", "cpu", "cuda"]

ComputeType = Literal[
    "auto",
    "default",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
]


def _default_slots() -> int:
    """2, or 1 where only one core may be used."""
    return min(2, usable_cores())


class TranscriberSettings(ServiceSettings):
    """Read once, in `__main__`."""

    port: PortNumber = Field(default=8003, ge=0, le=65535)
    """Port to listen on; 0 takes any that is free."""

    transcriber_engine: EngineName = "pocketsphinx"
    """Who recognizes words; `pocketsphinx` is English only and needs no download."""

    transcriber_slots: Count = Field(default_factory=_default_slots, ge=1)
    """Chunks that one process transcribes at the same time, each in a child process of its own."""

    chunk_target: Seconds = Field(default=60.0, gt=0)
    """Length of a chunk that a long meeting is cut into; short meetings get shorter chunks."""

    chunk_maximum: Seconds = Field(default=90.0, gt=0)
    """Longest chunk; speech without any silence is cut at its quietest place."""

    whisper_model: str | None = None
    """For `faster-whisper`: a folder with a CTranslate2 model, or a name (`small`, `large-v3`, …, or a repository of
    the hub) that is in the cache or can be fetched; unset, `large-v3` on a GPU and `small` without one."""

    whisper_device: WhisperDevice = "auto"
    """What Whisper computes on; `auto`: a GPU if CTranslate2 sees one."""

    whisper_compute_type: ComputeType = "auto"
    """As CTranslate2 names it; `auto`: `float16` on a GPU, `int8` without, or the next best; `default`: as stored."""

    whisper_cpu_threads: Count | None = Field(default=None, ge=1)
    """Threads of each child process; unset, the cores that may be used, divided by the slots."""

    whisper_batch_size: Count = Field(default=8, ge=1)
    """Windows of up to 30 s that are decoded at the same time; all of them within `STALL_LIMIT`."""

    whisper_beam_size: Count = Field(default=5, ge=1)
    """Hypotheses that are followed at the same time; 1 is faster and a little worse."""

    huggingface_token: SecretStr | None = None
    """For a model of the hub that is not open to everybody."""

    stall_limit: Seconds = Field(default=300.0, gt=0)
    """Time without progress after which an engine's process is given up; loading the model does not count."""

    engine_memory_mb: Mebibytes | None = Field(default=None, ge=256)
    """Resident memory that an engine's process may use; unset, no limit."""

    @property
    def threads_per_child(self) -> int:
        """So many that all slots together do not ask for more cores than there are."""
        return self.whisper_cpu_threads or max(1, usable_cores() // self.transcriber_slots)
