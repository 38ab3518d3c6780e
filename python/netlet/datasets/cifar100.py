"""CIFAR-100: photographs of 100 kinds of things in 20 groups, 32 x 32 coloured pixels, 50,000 and 10,000 of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import cifar
from .reading import Bytes, Damaged
from .source import RemoteFile, cached, given

Split = tuple[Bytes, NDArray[np.int64]]
NAMES = ["train.bin", "test.bin"]
ARCHIVE = RemoteFile(
    name="cifar-100-binary.tar.gz",
    url="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    size=168_513_733,
)
_MODES = {"coarse": (0, 20), "fine": (1, 100)}  # its byte in a record, number of classes


def load_data(label_mode: str = "fine", path: Any = None) -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)); x (N, 32, 32, 3) uint8 in 0..255, y (N, 1) int64.

    Args:
        label_mode: "fine" for labels 0..99, "coarse" for the 20 groups.
        path: as that of `cifar10.load_data`, which also says what is raised.
    """
    if label_mode not in _MODES:
        raise ValueError(f'cifar100.load_data: `label_mode` is "fine" or "coarse"; given {label_mode!r}.')
    column, classes = _MODES[label_mode]
    found = cached(ARCHIVE) if path is None else given(path)

    def split(x: Bytes, labels: Bytes) -> Split:
        y = labels[:, column : column + 1].astype(np.int64)
        if y.max() >= classes:
            raise Damaged(f"{found}: {label_mode} labels are 0 to {classes - 1}; there is a {y.max()}.")
        return x, y

    train, test = cifar.read(found, NAMES, labels=2)
    return split(*train), split(*test)
