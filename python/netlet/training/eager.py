"""`run_eagerly=True`: runs the step in Python for every batch, so that a debugger or `print` can look into it."""

from __future__ import annotations

from typing import Any

from netlet.optimizers.base.finite import FiniteCheck, NotFinite, checking

from .data_sources import ArrayData, pack_batch
from .feed import cast_to_model
from .nonfinite import in_eager_step
from .own_fields import step_state
from .own_step import keeps_integers
from .sharded_step import run_shards, running_for


def run_eagerly(model: Any, mode: str, data: ArrayData, check_finite: bool = False, where: str = "this step") -> Any:
    """Runs one `train_step`, `test_step` or `predict_step` on real values.

    Args:
        model: the Trainer.
        mode: "train", "test" or "predict".
        data: the batch.
        check_finite: whether to stop before an update if the loss or a gradient is not finite.
        where: description of the step, for the error.

    Returns:
        What the step returned.

    Raises:
        NonFiniteLossError: the loss or a gradient is not finite.
    """
    integers = keeps_integers(model, mode)
    tensors = [cast_to_model(model, data, i, integers) for i in range(len(data.leaves()))]
    batch = pack_batch(data, tensors)
    running = running_for(mode, data, data.rows)
    check = FiniteCheck() if check_finite else None
    try:
        with model.fed(), checking(check):
            if running is None:
                returned = getattr(model, f"{mode}_step")(batch)
            else:
                returned = run_shards(model, mode, data, running, tensors, step_state(model).step + 1)
    except NotFinite as error:
        assert check is not None
        raise in_eager_step(model, batch, error, check, where) from None
    if mode == "train":
        step_state(model).step += 1
    return returned
