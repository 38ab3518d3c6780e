"""Makes weights and optimizer slots before a plan is recorded, since a plan holds their addresses."""

from __future__ import annotations

import contextlib
from typing import Any

from netlet import _core
from netlet.base.tree import flatten
from netlet.engine.graph import trial
from netlet.engine.needs_values import NeedsValues
from netlet.engine.stateless_scope import StatelessScope
from netlet.layers.base.tracking import flatten_layers

from .data_sources import ArrayData, pack_batch, pack_x
from .feed import cast_to_model, check_inputs, feed, source
from .own_fields import recorded_steps, step_state, steps_eagerly
from .own_step import has_own_step, overrides


def build(model: Any, mode: str, data: ArrayData, batch: int) -> None:
    """Makes the model's weights and, for training, moves them into the memory segment of its optimizer.

    A model with the standard step is called once on a tape that is discarded. An overridden step need not call the
    model (a GAN has no `call`), so the step itself is tried; optimizers change nothing during the trial.

    Args:
        model: the Trainer.
        mode: "train", "test" or "predict".
        data: the arrays.
        batch: rows of a batch.

    Raises:
        ValueError: the data do not fit the model's inputs.
    """
    try:
        _build(model, mode, data, batch)
    except NeedsValues as error:
        if steps_eagerly(model, mode):
            raise
        recorded_steps(model).go_eager(model, mode, error)
        _build(model, mode, data, batch)


def _build(model: Any, mode: str, data: ArrayData, batch: int) -> None:
    if not has_own_step(model, mode):
        check_inputs(model, data)
        _try_call(model, mode, data)
        used = True
    elif steps_eagerly(model, mode):
        # An eager first step makes missing weights. As in Keras, the optimizer is built for all weights, so only after
        # every layer is built.
        used = all(layer.built for layer in flatten_layers(model, include_self=False))
    else:
        _try_step(model, mode, data, batch)
        used = model.optimizer is not None and model.optimizer.asked_in_trial
    if mode == "train" and used and model.optimizer is not None and model.trainable_variables:
        model.optimizer.build(model.trainable_variables)


def _try_call(model: Any, mode: str, data: ArrayData) -> None:
    """Calls the model once on data of the right shapes, so that its layers make their weights."""
    tried = step_state(model).tried
    if "call" in tried and model.built:
        return
    count = len([t for t in flatten(data.x) if t is not None])
    # Layers that only run eagerly get real values.
    eager = steps_eagerly(model, mode)
    unchanged = StatelessScope() if eager else contextlib.nullcontext()
    with _core.Tape(record=not eager) as tape, trial(), model.fed(), unchanged:
        if eager:
            # A vector may be a sample whose batch axis was forgotten: the error then names its own shape.
            few = data.even and all(len(leaf.shape) > 1 for leaf in data.leaves())
            data = data.take(slice(0, _rows(model))) if few else data
            tensors = [cast_to_model(model, data, i) for i in range(count)]
        else:
            tensors = [source(tape, model, data, i, _rows(model), gather=False) for i in range(count)]
        model(pack_x(data, tensors))
    tried["call"] = True


def _rows(model: Any) -> int:
    """Rows of a trial: the batch size that the inputs of a graph fix, else 2."""
    function = getattr(model, "_function", None)
    sizes = {t.shape[0] for t in function.inputs if t.shape} if function is not None else set()
    return sizes.pop() if len(sizes) == 1 and None not in sizes else 2


def _try_step(model: Any, mode: str, data: ArrayData, batch: int) -> None:
    """Records the overridden step once and discards the tape; the optimizer notes whether the step uses it."""
    tried = step_state(model).tried
    if mode in tried and tried[mode] is model.optimizer:
        return
    tape = _core.Tape(record=True, trains=mode == "train")
    tape.set_step(step_state(model).cell)
    with tape, trial():
        getattr(model, f"{mode}_step")(pack_batch(data, feed(tape, model, mode, data, batch)))
    mark_built(model)
    tried[mode] = model.optimizer


def mark_built(model: Any) -> None:
    """Marks the model as built if all its layers are, since an overridden step may never call the model itself."""
    if not model.built and not overrides(model, "build"):
        model.built = all(layer.built for layer in flatten_layers(model, include_self=False))
