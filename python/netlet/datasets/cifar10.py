"""CIFAR-10: photographs in 10 classes, 32 x 32 colour pixels, 50,000 for training and 10,000 for testing."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.base.untrusted import Damaged

from . import cifar
from .reading import Bytes
from .source import RemoteFile, cached, given

Split = tuple[Bytes, Bytes]
CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
NAMES = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
ARCHIVE = RemoteFile(
    name="cifar-10-binary.tar.gz",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    size=170_052_171,
)


def load_data(path: Any = None) -> tuple[Split, Split]:
    """Loads CIFAR-10.

    Args:
        path: the archive of the binary version, or a folder with its files. Default None for the archive in the cache
            folder (`$NETLET_DATASETS`), which is downloaded if it is missing.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x (N, 32, 32, 3) uint8 in 0..255, y (N, 1) uint8 in 0..9, whose names
        are in `CLASSES`.

    Raises:
        ValueError: a damaged file, or one that is not CIFAR-10.
        FileNotFoundError: `path` does not exist, or files are missing.
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed. Both messages say how to
            provide the file without a download.

    Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, in the binary version. Keras
    reads the same images from pickles, which could contain code.

    Example, with local files of one record each:

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in NAMES:
    ...     _ = (folder / name).write_bytes(bytes([3]) + bytes(3 * 32 * 32))
    >>> (x_train, y_train), (x_test, y_test) = load_data(folder)
    >>> x_train.shape, y_test
    ((5, 32, 32, 3), array([[3]], dtype=uint8))
    """
    found = cached(ARCHIVE) if path is None else given(path)
    parts = cifar.read(found, NAMES, labels=1)
    for name, (_, y) in zip(NAMES, parts):
        if y.max() > 9:
            raise Damaged(f"{found}: {name}: expected labels 0 to 9, received {y.max()}.")
    *train, test = parts
    return (np.concatenate([x for x, _ in train]), np.concatenate([y for _, y in train])), test
