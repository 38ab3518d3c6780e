"""Calls of the update kernels on arrays, for comparison with the formulas in update_formulas.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from support.update_formulas import ELEMENTWISE


def cells(rate: float, t: int) -> tuple[Any, Any]:
    """The learning rate, and the step count before update t."""
    return _core.tensor(rate, "float64"), _core.tensor(t - 1, "int64")


def elementwise(name: str, p: Any, g: Any, slots: list[Any], rate: float, t: int, decay: float = 0.0) -> None:
    """Updates the Tensors p and `slots` in place by the kernel of ELEMENTWISE[name]."""
    case = ELEMENTWISE[name]
    own = dict(case.own)
    if "u_product" in own:
        own["u_product"] = _core.tensor(own["u_product"], p.dtype)
    if case.name == "adam_update":
        slots, own["rectified"] = [*slots, None], True
    getattr(_core, case.name)(p, g, *slots, *cells(rate, t), **own, weight_decay=decay)


def expected(name: str, p: Any, g: Any, slots: list[Any], rate: float, t: int, decay: float = 0.0) -> tuple[Any, ...]:
    """(new p, new slots) of the same update in float64."""
    case = ELEMENTWISE[name]
    w, g, *state = (np.asarray(a, "float64") for a in (p, g, *slots))
    return case.formula(w * (1 - decay * rate), g, *state, lr=rate, t=t, **case.own)
