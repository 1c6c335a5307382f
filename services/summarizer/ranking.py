"""Which sentences matter most: LexRank (Erkan and Radev 2004) over TF-IDF vectors, section by section.

A long meeting is ranked in sections and the best of each are ranked again, so that time and memory grow with the
length of the transcript and not with its square.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version

import networkx
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

SECTION = 400
"""Sentences ranked together."""

SIMILAR = 0.1
"""Cosine similarity from which two sentences are linked, as in the paper."""

REPEATED = 0.6
"""Cosine similarity from which one of two sentences is enough."""

METHOD = f"LexRank: scikit-learn {version('scikit-learn')}, networkx {version('networkx')}"


def most_central(
    texts: Sequence[str],
    weights: Sequence[float],
    count: int,
    *,
    stop_words: str | None,
    report: Callable[[float], None],
) -> list[int]:
    """Indexes of the `count` sentences that say most of what the others say, in order; fewer if they repeat.

    Args:
        texts: One sentence each.
        weights: How much the reader cares for each, above 0 for every candidate; 0 leaves it out.
        count: How many are wanted.
        stop_words: The language whose stop words to ignore, as scikit-learn names it.
        report: Is told the fraction done.
    """
    candidates = [index for index, weight in enumerate(weights) if weight > 0 and texts[index].strip()]
    while len(candidates) > SECTION:
        sections = [candidates[begin : begin + SECTION] for begin in range(0, len(candidates), SECTION)]
        candidates = []
        for done, section in enumerate(sections, start=1):
            candidates += _best(texts, weights, section, SECTION // 4, stop_words)
            report(done / len(sections))
    return _best(texts, weights, candidates, count, stop_words)


def _best(
    texts: Sequence[str], weights: Sequence[float], candidates: Sequence[int], count: int, stop_words: str | None
) -> list[int]:
    if len(candidates) <= 1:
        return list(candidates)
    try:
        vectors = TfidfVectorizer(stop_words=stop_words, sublinear_tf=True).fit_transform(texts[i] for i in candidates)
    except ValueError:  # nothing but stop words
        return list(candidates[:count])
    similarity = np.asarray((normalize(vectors) @ normalize(vectors).T).todense())
    scores = _rank(similarity, np.array([weights[index] for index in candidates]))
    chosen: list[int] = []
    for position in np.argsort(-scores, kind="stable"):
        if len(chosen) < count and all(similarity[position, other] < REPEATED for other in chosen):
            chosen.append(int(position))
    return sorted(candidates[position] for position in chosen)


def _rank(similarity: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    links = np.where(similarity >= SIMILAR, similarity, 0.0)
    np.fill_diagonal(links, 0.0)
    graph = networkx.from_numpy_array(links)
    personal = dict(enumerate(weights / weights.sum()))
    ranks = networkx.pagerank(graph, personalization=personal, dangling=personal, max_iter=500, tol=1e-8)
    return np.array([ranks[index] for index in range(len(weights))]) * weights
