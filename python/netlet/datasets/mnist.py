"""MNIST: handwritten digits, 28 x 28 grey pixels, 60,000 to learn from and 10,000 to test with."""

from __future__ import annotations

import pathlib
from typing import Any

from . import digit_files
from .digit_files import Split
from .reading import read_npz
from .source import RemoteFile, cached

ARCHIVE = RemoteFile(
    name="mnist.npz",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    size=11_490_434,
)


def load_data(path: Any = "mnist.npz") -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)); x (N, 28, 28) uint8 in 0..255, y (N,) uint8 in 0..9.

    Args:
        path: an .npz file, or a folder with one or with LeCun's four IDX files (gzipped or not). One that does not
            exist is a place in the cache folder (`$NETLET_DATASETS`), where the file is downloaded to at first.

    Raises:
        ValueError: a damaged file, or one that is not MNIST.
        FileNotFoundError: the folder lacks files.
        ConnectionError, ImportError: it has to be downloaded and cannot be; the message says how to do without.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", 1998 (CC BY-SA 3.0), in the file that
    Keras distributes.

    Example, with a file of one's own:

    >>> import os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "own.npz")
    >>> x, y = np.zeros((5, 28, 28), "uint8"), np.arange(5, dtype="uint8")
    >>> np.savez(path, x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    >>> (x_train, y_train), (x_test, y_test) = load_data(path)
    >>> x_train.shape, y_test
    ((5, 28, 28), array([0, 1], dtype=uint8))
    """
    found = pathlib.Path(path).expanduser()
    if not found.exists():
        found = cached(ARCHIVE, found)
    if found.is_dir() and not (found / ARCHIVE.name).exists():
        return digit_files.read(digit_files.in_folder(found))
    if found.is_dir():
        found = found / ARCHIVE.name
    x_train, y_train, x_test, y_test = read_npz(found, ("x_train", "y_train", "x_test", "y_test"))
    return digit_files.checked(x_train, y_train, str(found)), digit_files.checked(x_test, y_test, str(found))
