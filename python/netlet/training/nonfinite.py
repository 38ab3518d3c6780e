"""Finds where a loss or gradient that is not finite came from, and makes the error that reports it."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.base.tree import flatten
from netlet.distribution.data_parallel import active_distribution
from netlet.distribution.running import without_exchange
from netlet.layers.base.tracking import flatten_layers
from netlet.optimizers.base.finite import LOSS, FiniteCheck, NotFinite

from .results import NonFiniteLossError

_UNKNOWN = "could not be found"


def in_recorded_step(model: Any, step: Any, record: int, where: str) -> NonFiniteLossError:
    """The error for a plan that stopped at a finite check.

    Args:
        model: the Trainer.
        step: the recorded step.
        record: index of the check in the plan's records.
        where: description of the step, e.g. "epoch 1, step 3".

    Returns:
        The error.
    """
    records = step.plan.records()
    found = int(step.check.flag.numpy().item())
    looks = sum(r["kernel"].startswith("check_finite") for r in records[:record])
    made, optimizer = _updates(step.check.updates, looks, model)
    thing = _thing(found, step.check)
    if made:  # running the step again to find the origin would repeat these updates
        return _error(model, thing, optimizer, made, where, _UNKNOWN)
    with without_exchange():
        at = step.plan.find_nonfinite()
    origin = _UNKNOWN
    if 0 <= at < _exchanged(records):
        layer, kernel = records[at]["layer"], records[at]["kernel"]
        if kernel == "feed":
            origin = "is in the data that was fed (x, y or sample_weight)"
        else:
            origin = f"came out of layer '{layer}' ({kernel})" if layer else f"came out of the loss ({kernel})"
    return _error(model, thing, optimizer, [], where, _first_known(origin))


def _exchanged(records: list[dict[str, Any]]) -> int:
    """Index of the record that sums gradients over all processes: what comes after it may originate in another one."""
    return next((i for i, r in enumerate(records) if r["kernel"] == "host_call:sum_gradients"), len(records))


def _first_known(origin: str) -> str:
    """The origin that a process has found, the same on all of them: only one may have computed the bad rows."""
    parallel = active_distribution()
    if parallel is None:
        return origin
    found = parallel.communicator.gather_objects(origin)
    return next((text for text in found if text != _UNKNOWN), _UNKNOWN)


def in_eager_step(model: Any, batch: Any, error: NotFinite, check: FiniteCheck, where: str) -> NonFiniteLossError:
    """The error for a step that ran in Python.

    Args:
        model: the Trainer.
        batch: what the step received.
        error: what the finite check raised.
        check: the finite check of the step.
        where: description of the step, e.g. "epoch 1, step 3".

    Returns:
        The error.
    """
    made = [optimizer for optimizer, _ in check.updates]
    optimizer = model.optimizer if error.optimizer is None else error.optimizer
    return _error(model, _thing(error.what, check), optimizer, made, where, _origin(model, batch, error))


def _thing(found: int, check: FiniteCheck) -> str:
    """The beginning of the message: which value is not finite. `found` is LOSS or GRADIENT."""
    if found == LOSS:
        return "the loss is not finite"
    return "the loss is finite, but its gradient is not," if check.saw_loss else "a gradient is not finite"


def _updates(looks: list[tuple[Any, int]], before: int, model: Any) -> tuple[list[Any], Any]:
    """(optimizers that updated before the check that stopped the step, the optimizer whose update it stopped).

    Args:
        looks: (optimizer, number of its checks) in the order of the updates.
        before: number of checks before the one that stopped the step.
        model: the Trainer; its optimizer is returned if no update follows the check.
    """
    made: list[Any] = []
    for optimizer, count in looks:
        if before < count:
            return made, optimizer
        before -= count
        made.append(optimizer)
    return made, model.optimizer


def _error(model: Any, thing: str, optimizer: Any, made: list[Any], where: str, origin: str) -> NonFiniteLossError:
    """The error with its whole message."""
    rate = f", with learning rate {float(optimizer.learning_rate):g}" if hasattr(optimizer, "learning_rate") else ""
    weights = "The weights are those before this step."
    if made:
        names = ", ".join(f"'{o.name}'" for o in made)
        weights = f"The updates of optimizer {names} were made before that; that of '{optimizer.name}' was not."
    return NonFiniteLossError(
        f"Model '{model.name}': {thing} at {where}{rate}. The first value that is not finite {origin}. {weights} Try a "
        f"smaller learning rate, gradient clipping, or scaled inputs; compile(check_finite=False) disables this check."
    )


def _origin(model: Any, batch: Any, error: NotFinite) -> str:
    """Where the first value that is not finite is, for an eager step: data, weights, a gradient or a layer."""
    if not all(_finite(leaf) for leaf in flatten(batch)):
        return "is in the data that was fed (x, y or sample_weight)"
    for v in model.variables:
        if not _finite(v):
            return f"is in weight '{v.path}'"
    if error.what != LOSS:
        return f"is in the gradient of '{error.variable}'"
    layer = _first_layer(model, batch)
    return "came out of the loss" if layer is None else f"came out of layer '{layer}'"


def _finite(value: Any) -> bool:
    """Whether all values of a float Tensor or Variable are finite; True for anything else."""
    tensor = getattr(value, "_tensor", value)
    if not isinstance(tensor, _core.Tensor) or tensor.dtype not in ("float32", "float64"):
        return True
    return bool(np.isfinite(tensor.numpy()).all())


def _first_layer(model: Any, batch: Any) -> str | None:
    """The name of the first layer with an output that is not finite, or None.

    Calls the model once more on the batch and looks at the outputs of each layer without sublayers.
    """
    found: list[str] = []
    layers = [layer for layer in flatten_layers(model) if layer is not model and len(flatten_layers(layer)) == 1]

    def watched(layer: Any) -> Any:
        call = layer.call

        def run(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            if not found and not all(_finite(leaf) for leaf in flatten(outputs)):
                found.append(layer.name)
            return outputs

        return run

    for layer in layers:
        object.__setattr__(layer, "call", watched(layer))
    try:
        with model.fed():
            model(batch[0] if isinstance(batch, tuple) else batch, training=True)
    except Exception:
        return None  # an overridden train_step may call the model in another way
    finally:
        for layer in layers:
            object.__delattr__(layer, "call")
    return found[0] if found else None
