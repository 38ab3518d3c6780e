"""Files of weights: their arrays with shapes and dtypes. No array is read."""

from __future__ import annotations

import math
from typing import Any

from netlet.base.extras import needs


def describe(path: str) -> dict[str, Any]:
    """What is in a `.weights.netlet` or `.weights.h5` file."""
    facts = _netlet(path) if path.endswith(".netlet") else _keras(path)
    total = sum(math.prod(array["shape"]) for array in facts["arrays"] if not array["state"])
    return {**facts, "parameters": {"total": total}}


def _netlet(path: str) -> dict[str, Any]:
    from netlet.saving.netlet_file.container import Container

    file = Container(path)
    arrays = []
    for group in ("weights", "optimizer"):
        for name in file.document.get(group, []):
            dtype, shape = file.spec(name)
            arrays.append(_array(name, shape, dtype, group != "weights"))
    facts = {"format": "netlet weights", "written_by": f"netlet {file.document.get('netlet')}", "arrays": arrays}
    training = file.document.get("training")
    return {**facts, "training": {"saved": training is not None}}


def _keras(path: str) -> dict[str, Any]:
    h5py = needs("h5py", "h5", "netlet summary")
    arrays: list[dict[str, Any]] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays.append(_array(name, item.shape, item.dtype, name.startswith("optimizer/")))

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except OSError as error:
        raise ValueError(f"{path} is not an HDF5 file, or it is damaged: {error}") from None
    return {"format": "h5 weights", "arrays": arrays}


def _array(name: str, shape: Any, dtype: Any, state: bool) -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "dtype": str(dtype), "state": state}
