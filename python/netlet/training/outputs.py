"""Matches arguments with a model's outputs: a dict by name, a list in their order, or one value for all."""

from __future__ import annotations

from typing import Any


def per_output(spec: Any, names: list[str], what: str) -> list[Any]:
    """An argument of `compile` as one value for each output.

    Args:
        spec: a dict by output name, a list in the order of the outputs, or one value for all of them.
        names: names of the outputs.
        what: the argument's name, for errors.

    Returns:
        List with a value for each output; None if the dict has none.

    Raises:
        ValueError: an unknown name, or a list of another length.
    """
    if isinstance(spec, dict):
        unknown = sorted(set(spec) - set(names))
        if unknown:
            raise ValueError(f"compile({what}=): expected names of the outputs {names}, received {unknown}.")
        return [spec.get(name) for name in names]
    if isinstance(spec, (list, tuple)) and len(names) > 1:
        if len(spec) != len(names):
            raise ValueError(f"compile({what}=): expected {len(names)} items for {names}, received {len(spec)}.")
        return list(spec)
    return [spec] * len(names)


def spread(value: Any, names: list[str], count: int, outputs: list[int] | None = None) -> list[Any]:
    """Targets or weights as one array for each output.

    Args:
        value: a dict by output name, a list in the order of the outputs, or the only array. A list may also have
            arrays for only those outputs that have a loss.
        names: names of the outputs.
        count: number of outputs.
        outputs: indices of the outputs with a loss, or None.

    Returns:
        List with an array or None for each output.

    Raises:
        ValueError: another number of arrays.
    """
    if isinstance(value, dict):
        return [value.get(n) for n in names]
    leaves = list(value) if isinstance(value, (list, tuple)) else [value]
    if outputs and len(leaves) == len(outputs) != count:
        by_output = dict(zip(outputs, leaves, strict=True))
        return [by_output.get(i) for i in range(count)]
    if len(leaves) != count:
        raise ValueError(f"Expected {count} arrays, one for each of the outputs {names}, received {len(leaves)}.")
    return leaves


def spread_weights(sample_weight: Any, names: list[str], count: int, outputs: list[int] | None) -> list[Any]:
    """Sample weights as one array for each output.

    Args:
        sample_weight: a dict or list as for `spread`, one array for all outputs, or None.
        names: names of the outputs.
        count: number of outputs.
        outputs: indices of the outputs with a loss, or None.

    Returns:
        List with an array or None for each output.
    """
    if isinstance(sample_weight, (list, tuple, dict)):
        return spread(sample_weight, names, count, outputs)
    return [sample_weight] * count
