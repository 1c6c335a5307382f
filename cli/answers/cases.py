"""What this program says about a case that it wrote to the disk."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from cli.answers.answer import Answer
from libs.common.cases.contents import EVENTS, MANIFEST, OBJECTS, Manifest


class WrittenCase(Answer):
    """A file that can be replayed from."""

    path: str
    size_bytes: int
    meeting_id: str | None
    run_ids: tuple[str, ...]
    num_events: int
    num_objects: int
    has_voices: bool
    left_out: tuple[str, ...]
    """Keys of recordings that were not wanted."""

    missing: tuple[str, ...]
    """Keys of objects that are no longer in the store."""

    @classmethod
    def of(cls, path: Path) -> "WrittenCase":
        """What is in the file."""
        with zipfile.ZipFile(path) as members:
            manifest = Manifest.model_validate_json(members.read(MANIFEST))
            return cls(
                path=str(path),
                size_bytes=path.stat().st_size,
                meeting_id=manifest.meeting_id,
                run_ids=tuple(one.run_id for one in manifest.runs),
                num_events=len(members.read(EVENTS).splitlines()),
                num_objects=sum(name.startswith(f"{OBJECTS}/") for name in members.namelist()),
                has_voices=manifest.has_voices,
                left_out=manifest.left_out,
                missing=manifest.missing,
            )

    def lines(self) -> Iterator[str]:
        """For a terminal."""
        yield (
            f"{self.path}: {len(self.run_ids)} run{'s' if len(self.run_ids) > 1 else ''}, {self.num_events} events, "
            f"{self.num_objects} objects, {self.size_bytes / 1e6:.1f} MB"
        )
        if not self.has_voices:
            yield "Without the voiceprints of enrolled people, which `match` needs: --with-voices"
        if self.left_out:
            yield "Without the recording."
        if self.missing:
            yield f"Erased from the store before: {', '.join(self.missing)}"
        yield f"Work one of its units again: hansard replay --local {self.path} STAGE"
