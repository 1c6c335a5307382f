"""What the gateways were asked for, and what they promised."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chaos.inputs import Upload

Kind = Literal["meeting", "speaker"]


@dataclass
class Replay:
    """A meeting that its client wants worked again."""

    key: str
    from_stage: str
    answers: set[str] = field(default_factory=set)
    """Ids of runs that a 202 named; more than one breaks a promise."""


@dataclass
class Request:
    """One thing that a client wants once, under one key, however often it asks."""

    kind: Kind
    key: str
    upload: Upload
    fields: Mapping[str, str]
    answers: set[str] = field(default_factory=set)
    """Ids of meetings or speakers that a 202 named; more than one breaks a promise."""

    asked: int = 0
    absorbed: int = 0
    """How often the gateway said that it knew the request already."""

    was_cancelled: bool = False
    """A gateway said so, or may have."""

    was_deleted: bool = False
    replays: list[Replay] = field(default_factory=list)
    """Those that were accepted."""

    @property
    def id(self) -> str:
        """The meeting or the speaker. There is one once the request was accepted."""
        return min(self.answers)


@dataclass
class Ledger:
    """All requests of a run."""

    requests: list[Request] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    """File names of uploads that their client broke off and never repeated."""

    refused: list[str] = field(default_factory=list)
    """Answers that no client should ever get."""

    def accepted(self, kind: Kind) -> list[Request]:
        """Those that were promised."""
        return [one for one in self.requests if one.kind == kind and one.answers]
