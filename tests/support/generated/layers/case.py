"""One generated call of a layer, for netlet and for Keras."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Nested(NamedTuple):
    """A layer among the arguments of another."""

    name: str
    arguments: dict[str, Any]


class Case(NamedTuple):
    """Arguments of a layer, its inputs in float64 or int32, keyword arguments of its call.

    With `spread`, the inputs are positional arguments of the call, otherwise a list, or the array if there is one.
    """

    arguments: dict[str, Any]
    inputs: list[np.ndarray]
    call: dict[str, Any] = {}  # noqa: RUF012
    spread: bool = False

    def make(self, name: str, library: Any, dtype: Any = "float64") -> Any:
        """The layer in a library."""
        return _made(Nested(name, self.arguments), library, dtype)


def _made(value: Any, library: Any, dtype: Any) -> Any:
    if isinstance(value, list) and any(isinstance(v, Nested) for v in value):
        return [_made(v, library, dtype) for v in value]
    if not isinstance(value, Nested):
        return value
    arguments = {k: _made(v, library, dtype) for k, v in value.arguments.items()}
    return getattr(library.layers, value.name)(**arguments, dtype=dtype)


def called(layer: Any, case: Case, inputs: list[Any]) -> Any:
    """The outputs of a layer for inputs of the case's structure."""
    if case.spread:
        return layer(*inputs, **case.call)
    return layer(inputs[0] if len(inputs) == 1 else list(inputs), **case.call)


def outputs(value: Any) -> list[Any]:
    """The arrays of a structure of lists, tuples and dicts."""
    if isinstance(value, dict):
        value = [value[k] for k in sorted(value)]
    return [leaf for v in value for leaf in outputs(v)] if isinstance(value, (list, tuple)) else [value]
