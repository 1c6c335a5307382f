"""What a gateway answers about itself and the line, as far as this program reads it."""

from cli.answers.answer import Answer


class Dependency(Answer):
    """One server that the gateway needs."""

    status: str
    latency: float
    """Seconds until it answered, or until that was given up."""

    error: str | None = None


class StageHealth(Answer):
    """One stage of the line."""

    workers: int
    engines: tuple[str, ...] = ()
    waiting: int = 0
    pending: int = 0


class Health(Answer):
    """How the gateway and the line behind it are."""

    status: str
    release: str
    dependencies: dict[str, Dependency]
    stages: dict[str, StageHealth]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What somebody should do although nothing is wrong."""

    @property
    def is_complete(self) -> bool:
        """True if nothing is wrong and every stage has a worker."""
        return self.status == "ok" and all(stage.workers for stage in self.stages.values())
