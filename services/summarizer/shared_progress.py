"""How far a unit is whose parts are worked at the same time."""

from dataclasses import dataclass, field
from pathlib import Path

from libs.common.speech import Frozen
from libs.common.stage import Work


@dataclass
class SharedProgress:
    """How far all calls are together; the merge, of which nobody knows yet, counts as one more."""

    work: Work
    expected: int = 1
    parts: list["PartOfWork"] = field(default_factory=list)

    def expect(self, calls: int) -> None:
        """So many more are coming."""
        self.expected += calls

    def part(self) -> "PartOfWork":
        """The work of one call."""
        part = PartOfWork(self)
        self.parts.append(part)
        return part

    def unheard(self) -> "PartOfWork":
        """The work of making plans, which shows in no bar."""
        return PartOfWork(self)

    def tell(self) -> None:
        """Pass the sum on."""
        self.work.progress(sum(part.fraction for part in self.parts) / self.expected)


@dataclass
class PartOfWork:
    """A `Work` whose progress is a part of the whole's."""

    whole: SharedProgress
    fraction: float = 0.0

    @property
    def attempt(self) -> int:
        return self.whole.work.attempt

    async def keep(self, name: str, artifact: Frozen) -> str:
        return await self.whole.work.keep(name, artifact)

    async def keep_file(self, name: str, path: Path) -> str:
        return await self.whole.work.keep_file(name, path)

    def warn(self, code: str, message: str) -> None:
        self.whole.work.warn(code, message)

    def progress(self, fraction: float) -> None:
        self.fraction = max(self.fraction, fraction)
        self.whole.tell()
