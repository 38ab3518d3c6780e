"""Checks of the paths of saved files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

LEGACY_ENDINGS = (".h5", ".hdf5")  # whole models in Keras 2's format
MODEL_ENDINGS = (".netlet", ".keras", *LEGACY_ENDINGS)
WEIGHTS_ENDINGS = (".weights.netlet", ".weights.h5")
_FOREIGN = (*LEGACY_ENDINGS, ".onnx", ".pt", ".pth")


def path_to_write(path: Any, endings: Sequence[str], overwrite: bool) -> str:
    """Checks a path to write to and creates its directory. Returns it as a string.

    Raises:
        ValueError: it ends in none of `endings`.
        FileExistsError: the file exists and `overwrite` is False.
        IsADirectoryError: it is a directory.
        TypeError: it is not a path.
    """
    name = as_text(path)
    allowed = " or ".join(f"'{ending}'" for ending in endings)
    if not name.endswith(tuple(endings)):
        if name.endswith(_FOREIGN):
            raise ValueError(
                f"netlet does not write '{os.path.splitext(name)[1]}' files; give a path that ends in {allowed}. "
                f"Received: filepath={name}"
            )
        raise ValueError(f"The filename must end in {allowed}. Received: filepath={name}")
    if endings is MODEL_ENDINGS and name.endswith(WEIGHTS_ENDINGS):
        ending = next(ending for ending in WEIGHTS_ENDINGS if name.endswith(ending))
        raise ValueError(
            f"'{ending}' files hold weights only: use save_weights() for one, or give a path that ends in "
            f"'{ending.removeprefix('.weights')}' alone. Received: filepath={name}"
        )
    if os.path.isdir(name):
        raise IsADirectoryError(f"'{name}' is a directory.")
    if not overwrite and os.path.exists(name):
        raise FileExistsError(f"'{name}' exists; pass overwrite=True to replace it.")
    if directory := os.path.dirname(name):
        os.makedirs(directory, exist_ok=True)
    return name


def path_to_read(path: Any) -> str:
    """Checks a path to read from. Returns it as a string.

    Raises:
        ValueError: its ending is that of a format that netlet does not read.
        TypeError: it is not a path.
    """
    name = as_text(path)
    if name.endswith(_FOREIGN) and not name.endswith(MODEL_ENDINGS):
        raise ValueError(
            f"netlet does not read '{os.path.splitext(name)[1]}' files; it reads '.netlet', '.keras' and '.h5' files. "
            f"Received: filepath={name}"
        )
    return name


def as_text(path: Any) -> str:
    """A path as a string. Raises TypeError if it is not a path."""
    if isinstance(path, (str, bytes, os.PathLike)):
        return os.fsdecode(path)
    raise TypeError(f"Expected a path (str or os.PathLike), received {type(path).__name__}.")
