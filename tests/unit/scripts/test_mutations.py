"""The guards that `make mutations` removes are still there, and so are their tests."""

from pathlib import Path

import pytest

from scripts.mutations.document import PAGE, written
from scripts.mutations.mutation import ROOT, Misfit, Mutation, load_areas, load_mutations


@pytest.mark.parametrize("mutation", load_mutations(), ids=lambda one: one.name)
def test_every_mutation_is_about_the_tree_as_it_is(mutation: Mutation) -> None:
    mutation.check(ROOT)
    assert mutation.guarantee.endswith(".")
    assert mutation.tests
    assert mutation.old != mutation.new


@pytest.mark.parametrize("text", ["no guard", "guard guard"])
def test_a_guard_that_is_not_there_exactly_once_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "code").write_text(text.replace("no guard", "nothing"))
    mutation = Mutation(name="m", guarantee="g.", file="code", old="guard", new="", tests=())
    with pytest.raises(Misfit):
        mutation.apply(tmp_path)


def test_a_guard_without_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("if True:\n    guard()\n")
    mutation = Mutation(name="m", guarantee="g.", file="code.py", old="    guard()\n", new="", tests=())
    with pytest.raises(Misfit, match=r"line 1 of code\.py"):
        mutation.check(tmp_path)


def test_a_test_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "code").write_text("guard")
    (tmp_path / "test.py").write_text("def test_other() -> None: ...")
    mutation = Mutation(name="m", guarantee="g.", file="code", old="guard", new="", tests=("test.py::test_it",))
    with pytest.raises(Misfit):
        mutation.check(tmp_path)


def test_the_page_about_guarantees_is_what_the_mutations_say() -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page, load_areas()), "write it again: python -m scripts.mutations --document"
