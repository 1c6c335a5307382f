"""Whether labels got the right names."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pydantic import computed_field

from libs.common.speech import Frozen, Turn


class NameCounts(Frozen):
    """Labels by what became of them. A label belongs to the person whose speech it shares most."""

    correct: int = 0
    """Enrolled people who got their own name."""

    refused: int = 0
    """Enrolled people who got no name."""

    wrong: int = 0
    """Enrolled people who got the name of somebody else."""

    lost: int = 0
    """Enrolled people who talk, but whom no label belongs to."""

    strangers_unnamed: int = 0
    strangers_named: int = 0
    """Strangers who got a name: also wrong."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def enrolled(self) -> int:
        """Everything that should have got a name: the denominator of `correct`, `refused` and `lost`."""
        return self.correct + self.refused + self.wrong + self.lost

    @computed_field  # type: ignore[prop-decorator]
    @property
    def labels(self) -> int:
        """The denominator of `wrong_names`."""
        return self.correct + self.refused + self.wrong + self.strangers_unnamed + self.strangers_named

    @computed_field  # type: ignore[prop-decorator]
    @property
    def wrong_names(self) -> int:
        """Labels under a name that is not theirs, strangers included."""
        return self.wrong + self.strangers_named

    def __add__(self, other: "NameCounts") -> "NameCounts":
        return NameCounts(**{name: getattr(self, name) + getattr(other, name) for name in NameCounts.model_fields})


def count_names(
    reference: Iterable[Turn], hypothesis: Iterable[Turn], *, names: Mapping[str, str], enrolled: frozenset[str]
) -> NameCounts:
    """Count one passage.

    Args:
        reference: The true turns; labels are names.
        hypothesis: The turns under test; a label that shares no speech with anybody is left out.
        names: Label of the hypothesis → name it was given; labels without a name are absent.
        enrolled: The names that could have been given.
    """
    truth = list(reference)
    owners = label_owners(truth, hypothesis)
    talking = {turn.label for turn in truth}
    lost = NameCounts(lost=len((talking & enrolled) - set(owners.values())))
    return sum((_count_one(owner, names.get(label), enrolled) for label, owner in owners.items()), start=lost)


def label_owners(truth: list[Turn], hypothesis: Iterable[Turn]) -> dict[str, str]:
    """Label of the hypothesis → the person of the reference whose speech it shares most."""
    shared: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for turn in hypothesis:
        for true_turn in truth:
            if seconds := turn.overlap(true_turn):
                shared[turn.label][true_turn.label] += seconds
    return {label: max(people, key=lambda person: people[person]) for label, people in shared.items()}


def _count_one(owner: str, name: str | None, enrolled: frozenset[str]) -> NameCounts:
    if owner not in enrolled:
        return NameCounts(strangers_named=1) if name else NameCounts(strangers_unnamed=1)
    if name is None:
        return NameCounts(refused=1)
    return NameCounts(correct=1) if name == owner else NameCounts(wrong=1)
