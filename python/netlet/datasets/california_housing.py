"""California housing: 20,640 districts with 8 attributes each, and the median values of their houses."""

from __future__ import annotations

from typing import Any

from . import housing
from .housing import Split
from .source import RemoteFile

FEATURES = "MedInc HouseAge AveRooms AveBedrms Population AveOccup Latitude Longitude".split()
ARCHIVE = RemoteFile(
    name="california_housing.npz",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/california_housing.npz",
    sha256="1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
    size=2_000_000,
)


def load_data(
    version: str = "large", path: Any = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Split, Split]:
    """Loads the California housing data, from the census of 1990.

    Args:
        version: "large" (default) for all rows, "small" for the first 600.
        path: an .npz file with x and y. A path that does not exist is a file name in the cache folder
            (`$NETLET_DATASETS`), where the file is downloaded if it is missing. Default "california_housing.npz".
        test_split: fraction of the rows for testing, in [0, 1); default 0.2.
        seed: seed of the order of the rows; default 113.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x (N, 8) with the columns `FEATURES`, y (N,) in dollars, in the float
        dtype of the file.

    Raises:
        ValueError: an unknown `version`, a damaged file, one with other contents, or a `test_split` outside of [0, 1).
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed. Both messages say how to
            provide the file without a download.

    Source: Pace and Barry, "Sparse spatial autoregressions", 1997, in the file that Keras distributes.

    Example, with a local file:

    >>> import os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "own.npz")
    >>> np.savez(path, x=np.zeros((1000, 8)), y=np.arange(1000.0))
    >>> (x_train, y_train), (x_test, y_test) = load_data("small", path)
    >>> x_train.shape, y_test.shape
    ((480, 8), (120,))
    """
    if version not in ("small", "large"):
        raise ValueError(
            f'california_housing.load_data: expected "small" or "large" as `version`, received {version!r}.'
        )
    housing.check_split("california_housing", test_split)
    x, y = housing.read(path, ARCHIVE, 8)
    rows = slice(600 if version == "small" else None)
    return housing.split(x[rows], y[rows], test_split, seed)
