"""Pairing the members of two groups, one with one, so that the pairs weigh the most together."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from networkx import Graph, max_weight_matching

A = TypeVar("A", bound=Hashable)
B = TypeVar("B", bound=Hashable)


def best_pairs(weights: Mapping[tuple[A, B], int]) -> dict[A, B]:
    """The pairs that weigh the most together (Galil 1986, by networkx); whoever fits nobody is left out.

    Args:
        weights: What each pair would weigh. Whole numbers, because those are compared exactly.
    """
    graph: Graph[tuple[int, A | B]] = Graph()
    for (one, other), weight in weights.items():
        if weight > 0:
            graph.add_edge((0, one), (1, other), weight=weight)
    pairs = {tuple(sorted(pair, key=lambda member: member[0])) for pair in max_weight_matching(graph)}
    return {one: other for (_, one), (_, other) in pairs}
