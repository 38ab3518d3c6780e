"""MNIST: handwritten digits, 28 x 28 grey pixels, 60,000 for training and 10,000 for testing."""

from __future__ import annotations

from typing import Any

from . import digit_files
from .digit_files import Split
from .reading import read_npz
from .source import RemoteFile, given_or_cached

ARCHIVE = RemoteFile(
    name="mnist.npz",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    size=11_490_434,
)


def load_data(path: Any = "mnist.npz") -> tuple[Split, Split]:
    """Loads MNIST.

    Args:
        path: an .npz file, or a folder with mnist.npz or with LeCun's four IDX files (gzipped or not). A path that does
            not exist is a file name in the cache folder (`$NETLET_DATASETS`), where the file is downloaded if it is
            missing. Default "mnist.npz".

    Returns:
        ((x_train, y_train), (x_test, y_test)): x (N, 28, 28) uint8 in 0..255, y (N,) uint8 in 0..9.

    Raises:
        ValueError: a damaged file, or one that is not MNIST.
        FileNotFoundError: files are missing in the folder.
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed. Both messages say how to
            provide the file without a download.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", 1998 (CC BY-SA 3.0), in the file that
    Keras distributes.

    Example, with a local file:

    >>> import os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "own.npz")
    >>> x, y = np.zeros((5, 28, 28), "uint8"), np.arange(5, dtype="uint8")
    >>> np.savez(path, x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    >>> (x_train, y_train), (x_test, y_test) = load_data(path)
    >>> x_train.shape, y_test
    ((5, 28, 28), array([0, 1], dtype=uint8))
    """
    found = given_or_cached(path, ARCHIVE)
    if found.is_dir() and not (found / ARCHIVE.name).exists():
        return digit_files.read(digit_files.in_folder(found))
    if found.is_dir():
        found = found / ARCHIVE.name
    x_train, y_train, x_test, y_test = read_npz(found, ("x_train", "y_train", "x_test", "y_test"))
    return digit_files.checked(x_train, y_train, str(found)), digit_files.checked(x_test, y_test, str(found))
