"""Calls of another framework's functions, with the gradients that it computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet import _core
from netlet.engine.graph import PROBES, KerasTensor, symbol_of_trials
from netlet.engine.host_call import host_call
from netlet.ops.core.custom_gradient import custom_gradient

Spec = tuple[tuple[int, ...], str]  # shape and dtype


def called(
    name: str,
    forward: Callable[..., list[Any]],
    backward: Callable[..., list[Any]],
    inputs: Sequence[Any],
    fixed: Sequence[Any],
    outputs: Sequence[Spec],
    extra: Sequence[Spec] = (),
) -> tuple[list[Any], list[Any]]:
    """Calls a function of another framework, at once or as a record of a step.

    Args:
        name: name of the record.
        forward: function of the NumPy arrays of `inputs` and `fixed` that returns those of `outputs` and `extra`.
        backward: function of the arrays of `inputs`, of `fixed` and the gradients of `outputs` that returns the
            gradients of `inputs`. It computes the forward pass again.
        inputs: floats, Tensors or Variables, through which gradients flow.
        fixed: other arguments.
        outputs: specs of the results.
        extra: specs of further results that have no gradient, such as a new state.

    Returns:
        (results of `outputs`, results of `extra`), Tensors.
    """

    def run(*inputs: Any) -> Any:
        results = host_call(name, forward, [*inputs, *fixed], [*outputs, *extra])

        def grad(upstream: Any) -> Any:
            given = list(upstream) if isinstance(upstream, (list, tuple)) else [upstream]
            flowing = [np.zeros(shape, dtype) if one is None else one for one, (shape, dtype) in zip(given, outputs)]
            specs = [(tuple(x.shape), x.dtype) for x in inputs]
            return tuple(host_call(f"{name}_gradient", backward, [*inputs, *fixed, *flowing], specs))

        return tuple(results), grad

    run.__name__ = name
    if not inputs:
        results: Any = host_call(name, forward, list(fixed), [*outputs, *extra])
    else:
        results = custom_gradient(run)(*inputs)
    return list(results[: len(outputs)]), list(results[len(outputs) :])


def seed_of_call(generator: Any) -> Any:
    """A number for the random draws of a call: it differs from step to step of a recorded training too."""
    if _core.recording():
        return _core.step_cell()
    return np.int64(generator.next() % 2**31)


def symbols_of(specs: Callable[[int], tuple[Sequence[Spec], Any]]) -> tuple[list[KerasTensor], Any]:
    """The symbols of results whose shapes another framework computes.

    Args:
        specs: function of the size that replaces unknown ones. Returns (specs of the results, their structure).

    Returns:
        (KerasTensors, the structure).

    Raises:
        ValueError: the rank of a result depends on the size.
    """
    (first, structure), (second, _) = (specs(size) for size in PROBES)
    return [symbol_of_trials(one, other, dtype) for (one, dtype), (other, _) in zip(first, second)], structure


def holds_code(layer: Any, what: str) -> ValueError:
    """The error of `get_config` for a layer that wraps Python code. `what` is such as "a Flax module"."""
    return ValueError(
        f"Layer '{layer.name}': {what} is Python code, which netlet's files do not hold. Make the model in code and "
        "use save_weights and load_weights."
    )
