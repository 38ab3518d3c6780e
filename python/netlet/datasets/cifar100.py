"""CIFAR-100: photographs in 100 classes (20 groups), 32 x 32 colour pixels, 50,000 for training, 10,000 for testing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlet.base.untrusted import Damaged

from . import cifar
from .reading import Bytes
from .source import RemoteFile, cached, given

Split = tuple[Bytes, NDArray[np.int64]]
NAMES = ["train.bin", "test.bin"]
ARCHIVE = RemoteFile(
    name="cifar-100-binary.tar.gz",
    url="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    size=168_513_733,
)
_MODES = {"coarse": (0, 20), "fine": (1, 100)}  # index of the label byte in a record, number of classes


def load_data(label_mode: str = "fine", path: Any = None) -> tuple[Split, Split]:
    """Loads CIFAR-100.

    Args:
        label_mode: "fine" (default) for the 100 classes, "coarse" for the 20 groups.
        path: the archive of the binary version, or a folder with its files. Default None for the archive in the cache
            folder (`$NETLET_DATASETS`), which is downloaded if it is missing.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x (N, 32, 32, 3) uint8 in 0..255, y (N, 1) int64.

    Raises:
        ValueError: an unknown `label_mode`, a damaged file, or one that is not CIFAR-100.
        FileNotFoundError: `path` does not exist, or files are missing.
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed. Both messages say how to
            provide the file without a download.

    Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

    Example, with local files of one record each:

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in NAMES:
    ...     _ = (folder / name).write_bytes(bytes([3, 40]) + bytes(3 * 32 * 32))
    >>> (x_train, y_train), _ = load_data("coarse", folder)
    >>> x_train.shape, y_train
    ((1, 32, 32, 3), array([[3]]))
    """
    if label_mode not in _MODES:
        raise ValueError(f'cifar100.load_data: expected "fine" or "coarse" as `label_mode`, received {label_mode!r}.')
    column, classes = _MODES[label_mode]
    found = cached(ARCHIVE) if path is None else given(path)

    def split(x: Bytes, labels: Bytes) -> Split:
        y = labels[:, column : column + 1].astype(np.int64)
        if y.max() >= classes:
            raise Damaged(f"{found}: expected {label_mode} labels 0 to {classes - 1}, received {y.max()}.")
        return x, y

    train, test = cifar.read(found, NAMES, labels=2)
    return split(*train), split(*test)
