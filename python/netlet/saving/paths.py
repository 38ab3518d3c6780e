"""Checks of the paths of saved files."""

from __future__ import annotations

import os
from typing import Any

_FOREIGN = (".keras", ".h5", ".hdf5", ".onnx", ".pt", ".pth")


def path_to_write(path: Any, ending: str, overwrite: bool) -> str:
    """Checks a path to write to and creates its directory. Returns it as a string.

    Raises:
        ValueError: it does not end in `ending`.
        FileExistsError: the file exists and `overwrite` is False.
        IsADirectoryError: it is a directory.
        TypeError: it is not a path.
    """
    name = _text(path)
    if name.endswith(_FOREIGN):
        raise ValueError(
            f"netlet does not write '{os.path.splitext(name)[1]}' files yet; give a path that ends in '{ending}'. "
            f"Received: filepath={name}"
        )
    if not name.endswith(ending):
        raise ValueError(f"The filename must end in '{ending}'. Received: filepath={name}")
    if ending == ".netlet" and name.endswith(".weights.netlet"):
        raise ValueError(
            "'.weights.netlet' files hold weights only: use save_weights() for one, or give a path that ends in "
            f"'.netlet' alone. Received: filepath={name}"
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
        ValueError: its ending is that of another format.
        TypeError: it is not a path.
    """
    name = _text(path)
    if name.endswith(_FOREIGN):
        raise ValueError(
            f"netlet does not read '{os.path.splitext(name)[1]}' files yet; it reads '.netlet' files, as model.save() "
            f"writes them. Received: filepath={name}"
        )
    return name


def _text(path: Any) -> str:
    if isinstance(path, (str, bytes, os.PathLike)):
        return os.fsdecode(path)
    raise TypeError(f"Expected a path (str or os.PathLike), received {type(path).__name__}.")
