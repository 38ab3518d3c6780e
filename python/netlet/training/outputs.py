"""What is given for the outputs of a model: a dict by their names, a list in their order, or one thing for all."""

from __future__ import annotations

from typing import Any


def per_output(spec: Any, names: list[str], what: str) -> list[Any]:
    """`spec` spread over the outputs: a dict by output name, a list in order, or one thing for all of them."""
    if isinstance(spec, dict):
        unknown = sorted(set(spec) - set(names))
        if unknown:
            raise ValueError(f"compile({what}=): no output is called {unknown}; the outputs are {names}.")
        return [spec.get(name) for name in names]
    if isinstance(spec, (list, tuple)) and len(names) > 1:
        if len(spec) != len(names):
            raise ValueError(f"compile({what}=): {len(spec)} given for {len(names)} outputs {names}.")
        return list(spec)
    return [spec] * len(names)


def spread(value: Any, names: list[str], count: int, outputs: list[int] | None = None) -> list[Any]:
    """A leaf for each output, in their order.

    Args:
        value: a dict by the outputs' names, a list with one array for each output, or the only array; also a list, or
            one array, for those outputs alone that have a loss.
        outputs: indices of the outputs with a loss.
    """
    if isinstance(value, dict):
        return [value.get(n) for n in names]
    leaves = list(value) if isinstance(value, (list, tuple)) else [value]
    if outputs and len(leaves) == len(outputs) != count:
        by_output = dict(zip(outputs, leaves, strict=True))
        return [by_output.get(i) for i in range(count)]
    if len(leaves) != count:
        raise ValueError(f"Expected {count} arrays, one for each of the outputs {names}; given {len(leaves)}.")
    return leaves


def spread_weights(sample_weight: Any, names: list[str], count: int, outputs: list[int] | None) -> list[Any]:
    """Sample weights for each output; one array, or none, is for all of them."""
    if isinstance(sample_weight, (list, tuple, dict)):
        return spread(sample_weight, names, count, outputs)
    return [sample_weight] * count
