"""The part of the page about guarantees that follows from the mutations."""

from collections.abc import Sequence
from pathlib import PurePath

from scripts.mutations.mutation import ROOT, Area, Mutation

PAGE = ROOT / "docs" / "guarantees.md"

_FIRST_SECTION = "\n## "


def written(page: str, areas: Sequence[Area]) -> str:
    """The page with its introduction as it is, and a section per area."""
    return page.partition(_FIRST_SECTION)[0] + "".join(_section(area) for area in areas)


def _section(area: Area) -> str:
    head = f"{_FIRST_SECTION}{area.title}\n\n| promise | guard in | tests | mutation |\n|---|---|---|---|\n"
    return head + "".join(_row(one) for one in area.mutations)


def _row(mutation: Mutation) -> str:
    guard = f"[`{PurePath(mutation.file).name}`](../{mutation.file})"
    tests = "<br>".join(f"`{test.partition('::')[2]}`" for test in mutation.tests)
    return f"| {mutation.guarantee} | {guard} | {tests} | {mutation.name} |\n"
