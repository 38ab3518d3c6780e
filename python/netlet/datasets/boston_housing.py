"""Boston housing: 506 districts with 13 attributes each, and the median prices of their houses."""

from __future__ import annotations

from typing import Any

from . import housing
from .housing import Split
from .source import RemoteFile

ARCHIVE = RemoteFile(
    name="boston_housing.npz",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/boston_housing.npz",
    sha256="f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    size=100_000,
)


def load_data(path: Any = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> tuple[Split, Split]:
    """Loads the Boston housing data.

    One of its attributes, "B", is computed from the share of Black residents, on the assumption that segregation raises
    prices. Use `california_housing` unless you teach about such data.

    Args:
        path: an .npz file with x and y. A path that does not exist is a file name in the cache folder
            (`$NETLET_DATASETS`), where the file is downloaded if it is missing. Default "boston_housing.npz".
        test_split: fraction of the rows for testing, in [0, 1); default 0.2.
        seed: seed of the order of the rows; default 113.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x (N, 13) float64, y (N,) float64 in 1000 dollars.

    Raises:
        ValueError: a damaged file, one with other contents, or a `test_split` outside of [0, 1).
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed. Both messages say how to
            provide the file without a download.

    Source: Harrison and Rubinfeld, "Hedonic prices and the demand for clean air", 1978, in the file that Keras
    distributes.

    Example, with a local file:

    >>> import os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "own.npz")
    >>> np.savez(path, x=np.zeros((10, 13)), y=np.arange(10.0))
    >>> (x_train, y_train), (x_test, y_test) = load_data(path)
    >>> x_train.shape, y_test.shape
    ((8, 13), (2,))
    """
    housing.check_split("boston_housing", test_split)
    return housing.split(*housing.read(path, ARCHIVE, 13), test_split, seed)
