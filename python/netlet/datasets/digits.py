"""Handwritten digits: 1,797 images of 8 x 8 pixels, from scikit-learn."""

from __future__ import annotations

import numpy as np

from netlet.base.extras import needs

Split = tuple[np.ndarray, np.ndarray]


def load_data(test_fraction: float = 0.2, seed: int = 0) -> tuple[Split, Split]:
    """Loads the digits, split at random.

    Args:
        test_fraction: fraction of the samples in the test set, in (0, 1); default 0.2.
        seed: seed of the split; default 0.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x (N, 8, 8) float32 in [0, 1], y (N,) int64 in 0..9.

    Raises:
        ValueError: `test_fraction` is outside of (0, 1).
        ImportError: scikit-learn is not installed (`pip install 'netlet[demo]'`).

    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, y_test.shape
    ((1438, 8, 8), (359,))
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"digits.load_data: expected `test_fraction` between 0 and 1, received {test_fraction!r}.")
    data = needs("sklearn.datasets", "demo", "digits.load_data").load_digits()
    x = (data.images / 16).astype(np.float32)
    y = data.target.astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(x))
    test, train = np.split(order, [round(len(x) * test_fraction)])
    return (x[train], y[train]), (x[test], y[test])
