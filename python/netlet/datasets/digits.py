"""Handwritten digits, 8 x 8 pixels: 1,797 of them, as scikit-learn bundles them."""

from __future__ import annotations

import numpy as np

Split = tuple[np.ndarray, np.ndarray]


def load_data(test_fraction: float = 0.2, seed: int = 0) -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)); x (N, 8, 8) float32 in [0, 1], y (N,) int64 in 0..9.

    Args:
        test_fraction: share of the samples in the test set, in (0, 1).
        seed: of the order in which samples are dealt out.

    Raises:
        ImportError: scikit-learn is not installed (`pip install netlet[demo]`).

    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"digits.load_data: `test_fraction` lies between 0 and 1; given {test_fraction!r}.")
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError("The digits come with scikit-learn: pip install netlet[demo]") from None
    data = load_digits()
    x = (data.images / 16).astype(np.float32)
    y = data.target.astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(x))
    test, train = np.split(order, [round(len(x) * test_fraction)])
    return (x[train], y[train]), (x[test], y[test])
