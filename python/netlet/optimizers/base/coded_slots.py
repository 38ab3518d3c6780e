"""Slots in 8 bits: a code for each element, and a scale for each block of elements (`state_dtype="uint8"`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netlet.engine.variable import Variable

from .segment import Place, Run

BLOCK = 256  # elements that share a scale, as in csrc/ops/optim/optim_8bit_args.h


def check_state_dtype(optimizer: Any, state_dtype: Any) -> None:
    """Raises ValueError if an optimizer cannot store its state in a dtype.

    Args:
        optimizer: the optimizer.
        state_dtype: None (the dtype of each variable) or "uint8".
    """
    name = type(optimizer).__name__
    if state_dtype not in (None, "uint8"):
        raise ValueError(f"Argument `state_dtype` of {name}: expected None or 'uint8', received {state_dtype!r}.")
    if state_dtype is not None and not optimizer.has_8bit_state:
        raise ValueError(
            f"Argument `state_dtype` of {name}: expected None, received {state_dtype!r}. SGD, Adam, AdamW and Lion can "
            "store their state in 8 bits."
        )


def add_coded_slots(optimizer: Any, variables: Sequence[Variable], names: Sequence[str]) -> None:
    """Adds slots of zeros: for each variable and name, uint8 codes of the variable's shape and float32 scales.

    Raises:
        ValueError: a variable is not float32.
    """
    for v in variables:
        if v.overwrite_with_gradient:
            continue
        if v.dtype != "float32":
            raise ValueError(
                f"{type(optimizer).__name__} with state_dtype='uint8': expected float32 variables, received "
                f"'{v.path}' of dtype {v.dtype}."
            )
        prefix = v.path.replace("/", "_")
        for name in names:
            codes = optimizer.add_variable(v.shape, "zeros", "uint8", name=f"{prefix}_{name}")
            scale = optimizer.add_variable((-(-v.size // BLOCK),), "zeros", "float32", name=f"{prefix}_{name}_scale")
            optimizer._coded[_key(optimizer._places[id(v)], name)] = codes, scale


def update_coded(
    optimizer: Any, kernel: Callable[..., None], run: Run, weight_decay: float, slots: Sequence[str], *own: Any
) -> None:
    """Calls a kernel that updates one variable in place, with its slots in 8 bits.

    Args:
        optimizer: the optimizer, which has the slots.
        kernel: one of `_core.*_8bit_update`.
        run: a run of one variable, with its learning rate.
        weight_decay: its weight decay.
        slots: the names of the slots, in the kernel's order.
        own: the kernel's own arguments.
    """
    coded = [optimizer._coded[_key(run.places[0], slot)] for slot in slots]
    kernel(
        run.of(run.places[0].segment.params),
        run.gradient,
        *(part._tensor for slot in coded for part in slot),
        run.rate,
        optimizer._iterations._tensor,
        *own,
        weight_decay=weight_decay,
        every=optimizer.gradient_accumulation_steps or 1,
    )


def _key(at: Place, slot: str) -> tuple[int, int, str]:
    return id(at.segment), at.begin, slot
