"""`run_eagerly=True`: the step in Python for every batch, so that it can be stepped through and printed from."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .data import ArrayData, pack_batch
from .step import cast_to_model


def run_eagerly(model: Any, mode: str, data: ArrayData) -> Any:
    """One `train_step`, `test_step` or `predict_step` on real values; returns what it returned."""
    tensors = [cast_to_model(model, data, i) for i in range(len(data.leaves()))]
    batch = pack_batch(data, tensors)
    with model.fed():
        returned = getattr(model, f"{mode}_step")(batch)
    if mode == "train":
        model._step_cell.copy_from(np.asarray(int(model._step_cell.numpy().item()) + 1, np.int64))
    if mode == "predict":
        return returned
    return {k: v for k, v in (returned or {}).items() if isinstance(v, (_core.Tensor, float, int, np.generic))}
