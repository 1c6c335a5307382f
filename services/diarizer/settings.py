"""Settings of the diarizer."""

from typing import Literal

from pydantic import Field, SecretStr

from libs.common.settings import Cosine, Count, Mebibytes, PortNumber, Seconds, ServiceSettings


class DiarizerSettings(ServiceSettings):
    """Read once, in `__main__`."""

    port: PortNumber = Field(default=8002, ge=0, le=65535)
    """Port to listen on; 0 takes any that is free."""

    diarizer_engine: Literal["embedded", "pyannote"] = "embedded"
    """Who finds the voices; `embedded` needs no account and no download."""

    diarizer_slots: Count = Field(default=1, ge=1)
    """Meetings that one process diarizes at the same time, each in a child process of its own."""

    enroll_slots: Count = Field(default=1, ge=1)
    """Enrolment samples at the same time; their child processes are never used by a meeting."""

    match_slots: Count = Field(default=8, ge=1)
    """Meetings whose labels are matched at the same time."""

    match_threshold: Cosine | None = Field(default=None, ge=-1, le=1)
    """How alike voices must be for a name; unset, that of the embedding model."""

    match_margin: Cosine | None = Field(default=None, ge=0, le=2)
    """How much closer the name must be than any other, on both sides; unset, that of the embedding model."""

    stall_limit: Seconds = Field(default=120.0, gt=0)
    """Time without progress after which an engine's process is given up; loading the models does not count."""

    engine_memory_mb: Mebibytes | None = Field(default=None, ge=256)
    """Resident memory that an engine's process may use, and that a recording must not need; unset, no limit."""

    huggingface_token: SecretStr | None = None
    """Of an account of the hub that has accepted the terms of the pipeline and its models; needed to fetch them."""

    pyannote_pipeline: str = "pyannote/speaker-diarization-3.1"
    """A pipeline of the hub by name, or a folder or YAML file that holds one."""

    pyannote_revision: str | None = None
    """Commit, tag or branch of a pipeline of the hub; unset, what is in the cache, else the newest."""

    pyannote_device: Literal["auto", "cpu", "cuda"] = "auto"
    """What pyannote computes on; `auto` takes the GPU where there is one."""

    pyannote_threads: Count | None = Field(default=None, ge=1)
    """Threads of one process; unset, the processors that this service may use, shared by `DIARIZER_SLOTS`."""

    pyannote_segmentation_batch_size: Count | None = Field(default=None, ge=1)
    """Stretches of 10 s at once; unset, 8 on the CPU, 32 on a GPU."""

    pyannote_embedding_batch_size: Count | None = Field(default=None, ge=1)
    """Stretches of 10 s at once; unset, 2 on the CPU, where more is slower, 32 on a GPU."""

    pyannote_exclude_overlap: bool | None = None
    """Whether embeddings leave out where several talk; unset, as the pipeline says."""

    pyannote_shared_frames: bool = False
    """Faster by an approximation: overlapping stretches share the embedding model's frames."""
