"""`run_eagerly=True`: the step in Python for every batch, so that it can be stepped through and printed from."""

from __future__ import annotations

from typing import Any

from .data import ArrayData, pack_batch
from .feed import cast_to_model
from .own_step import keeps_integers


def run_eagerly(model: Any, mode: str, data: ArrayData) -> Any:
    """One `train_step`, `test_step` or `predict_step` on real values; returns what it returned."""
    integers = keeps_integers(model, mode)
    tensors = [cast_to_model(model, data, i, integers) for i in range(len(data.leaves()))]
    batch = pack_batch(data, tensors)
    with model.fed():
        returned = getattr(model, f"{mode}_step")(batch)
    if mode == "train":
        model._step_state.step += 1
    return returned
