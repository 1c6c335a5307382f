"""Fits the PLDA that pyannote's pipelines always load, and that only VBx uses."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

LDA_DIMENSION = 8
_WITHIN_FLOOR = 1e-3
_BETWEEN_FLOOR = 1e-4

Matrix = NDArray[np.float64]


def write_plda(embeddings: Matrix, voices: NDArray[np.int64], folder: Path) -> None:
    """Write the two files that `PLDA.from_pretrained` reads.

    Args:
        embeddings: Shape (num_embeddings, dimension).
        voices: Whose they are, shape (num_embeddings,).
        folder: Where to.
    """
    mean = embeddings.mean(axis=0)
    whole = np.sqrt(embeddings.shape[1]) * _unit(embeddings - mean)
    _, directions = eigh(*reversed(_covariances(whole, voices)))
    lda = directions[:, ::-1][:, :LDA_DIMENSION]
    reduced_mean = (whole @ lda).mean(axis=0)
    reduced = np.sqrt(LDA_DIMENSION) * _unit(whole @ lda - reduced_mean)
    between, transform = eigh(*reversed(_covariances(reduced, voices)))
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "xvec_transform.npz", mean1=mean, mean2=reduced_mean, lda=lda)
    np.savez(folder / "plda.npz", mu=reduced.mean(axis=0), tr=transform.T[::-1], psi=between[::-1])


def _covariances(vectors: Matrix, voices: NDArray[np.int64]) -> tuple[Matrix, Matrix]:
    """Within and between voices, both with a floor so that they can be inverted."""
    groups = [vectors[voices == one] for one in np.unique(voices)]
    deviations = np.concatenate([one - one.mean(axis=0) for one in groups])
    means = np.stack([one.mean(axis=0) for one in groups])
    means -= means.mean(axis=0)
    within = deviations.T @ deviations / len(vectors)
    between = means.T @ means / len(groups)
    unit = np.eye(vectors.shape[1])
    return within + _WITHIN_FLOOR * np.trace(within) / len(unit) * unit, between + _BETWEEN_FLOOR * unit


def _unit(vectors: Matrix) -> Matrix:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))
