"""Reading of MNIST and data sets of the same format: 28 x 28 grey pixels and labels, in four IDX files."""

from __future__ import annotations

import pathlib

from netlet.base.untrusted import Damaged

from .reading import Bytes, read_idx

Split = tuple[Bytes, Bytes]
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def in_folder(folder: pathlib.Path) -> list[pathlib.Path]:
    """Returns the paths of the four files in a folder, gzipped or not. Raises FileNotFoundError if one is missing."""
    found = [next((p for p in (folder / name, folder / f"{name}.gz") if p.exists()), None) for name in NAMES]
    missing = [name for name, path in zip(NAMES, found) if path is None]
    if missing:
        raise FileNotFoundError(f"{folder}: missing {', '.join(missing)} (with or without .gz).")
    return [path for path in found if path is not None]


def read(paths: list[pathlib.Path]) -> tuple[Split, Split]:
    """Reads the four files, in the order of `NAMES`. Returns ((x_train, y_train), (x_test, y_test))."""
    x_train, y_train, x_test, y_test = (read_idx(path, rank) for path, rank in zip(paths, (3, 1, 3, 1)))
    where = str(paths[0].parent)
    return checked(x_train, y_train, where), checked(x_test, y_test, where)


def checked(x: Bytes, y: Bytes, where: str) -> Split:
    """Returns (x, y). Raises Damaged unless x is (N, 28, 28) and y (N,) with labels 0..9."""
    if x.shape[1:] != (28, 28) or y.shape != x.shape[:1]:
        raise Damaged(f"{where}: expected images (N, 28, 28) and labels (N,), received shapes {x.shape} and {y.shape}.")
    if y.size and y.max() > 9:
        raise Damaged(f"{where}: expected labels 0 to 9, received {y.max()}.")
    return x, y
