"""`run_eagerly=True`: runs the step in Python for every batch, so that a debugger or `print` can look into it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from netlet.engine.variable import assigned
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
        with _undone_without_update(model), model.fed(), checking(check):
            if running is None:
                returned = getattr(model, f"{mode}_step")(batch)
            else:
                returned = run_shards(model, mode, data, running, tensors, step_state(model).step + 1)
    except NotFinite as error:
        assert check is not None
        with _undone_without_update(model):  # it calls the layers again
            raise in_eager_step(model, batch, error, check, where) from None
    if mode == "train":
        step_state(model).step += 1
    return returned


@contextlib.contextmanager
def _undone_without_update(model: Any) -> Iterator[None]:
    """Context manager: a step that raises before its update leaves the variables that its layers assigned as they were.

    Such are moving averages of a batch. After an update they stay: then they belong to the weights.
    """
    before: dict[int, Any] = {}
    token, updates = assigned.set(before), _updates(model)
    try:
        yield
    except BaseException:
        if _updates(model) == updates:
            for variable, value in before.values():
                variable.assign(value)
        raise
    finally:
        assigned.reset(token)


def _updates(model: Any) -> int:
    """The number of gradients that the model's optimizer has received; 0 without one."""
    return int(getattr(model.optimizer, "_iterations", 0))
