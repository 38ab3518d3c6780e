"""Masks: which steps of a sequence count. A tensor carries its mask in the attribute `_keras_mask`.

Before a layer's `call`, its mask arguments are filled from the masks of its inputs. After it, `compute_mask` returns
the masks of its outputs. The output of an op has no mask. Source: Keras 3, `Layer.__call__`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.engine.graph import KerasTensor, mask_of


def masks_of(structure: Any) -> Any:
    """The masks in a structure of tensors, in the same structure."""
    return tree.map_structure(mask_of, structure)


def keep(before: Any, after: Any) -> Any:
    """Copies the mask of `before` to `after` (the same values, converted) and returns `after`."""
    if after is not before and (mask := mask_of(before)) is not None:
        after._keras_mask = mask
    return after


def attach(values: Iterable[Any], masks: Any) -> None:
    """Sets the masks of tensors. `values` and the flattened `masks` have the same order; None masks are skipped."""
    for value, mask in zip(values, tree.flatten(masks), strict=False):
        if mask is not None and _is_tensor(value):
            value._keras_mask = mask


def fill(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Returns kwargs plus the mask arguments of `layer.call` that the caller left out.

    The argument is `mask` if one argument holds tensors, and `<name>_mask` for each of them if several do.
    """
    wanted = layer._call_parameters
    named = {**dict(zip(wanted, args, strict=False)), **kwargs}
    given = {name: value for name, value in named.items() if _holds_tensors(value)}
    if len(given) == 1:
        found = {"mask": next(iter(given.values()))}
    else:
        found = {f"{name}_mask": value for name, value in given.items()}
    positional = list(wanted)[: len(args)]
    masks = {
        name: masks_of(value)
        for name, value in found.items()
        if name in wanted and named.get(name) is None and name not in positional
    }
    if len(given) > 1 and "mask" in wanted and named.get("mask") is None and args and mask_of(args[0]) is not None:
        warnings.warn(
            f"Layer '{layer.name}' received several tensors; the mask of the first is not used as its `mask` argument "
            "(as in Keras). Pass mask=... explicitly.",
            stacklevel=4,
        )
    return {**kwargs, **masks} if masks else kwargs


def previous(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The `previous_mask` for `compute_mask`: the `mask` argument, or else the masks of the first argument."""
    mask = kwargs.get("mask")
    return masks_of(first(args, kwargs)) if mask is None else mask


def first(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The first argument of a call, positional or by keyword; None if there is none."""
    return args[0] if args else next(iter(kwargs.values()), None)


def hand_on(layer: Any, inputs: Any, outputs: Any, before: Any) -> None:
    """Sets the outputs' masks to the result of `compute_mask`; warns if the layer drops its inputs' masks."""
    flat = tree.flatten(outputs)
    if all(mask_of(t) is not None for t in flat):
        return
    if layer.supports_masking:
        masks = layer.compute_mask(inputs, before)
        attach((t if mask_of(t) is None else None for t in flat), masks)
    elif not layer._masks_travel_inside and any(m is not None for m in tree.flatten(before)):
        warnings.warn(
            f"Layer '{layer.name}' (of type {type(layer).__name__}) was passed an input with a mask attached to it. "
            "However, this layer does not support masking and will therefore destroy the mask information. Downstream "
            "layers will not see the mask.",
            stacklevel=4,
        )


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, (list, tuple, dict)):
        leaves = tree.flatten(value)
        return bool(leaves) and all(leaf is None or _is_tensor(leaf) for leaf in leaves)
    return _is_tensor(value)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, (_core.Tensor, KerasTensor))
