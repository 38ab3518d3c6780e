"""NeedsValues: raised while a step is recorded by an op that can go on only with values."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core


class NeedsValues(NotImplementedError):
    """An op needs values that are not known while a step is recorded.

    `fit`, `evaluate` and `predict` catch it and run the step eagerly from then on.

    Args:
        what: name of the op, such as "ops.while_loop".
        why: what depends on the values.

    Attributes:
        what: name of the op, with that of the layer that called it.
        why: what depends on the values.
    """

    def __init__(self, what: str, why: str) -> None:
        layer = _core.scope()
        self.what = f"{what} (layer '{layer}')" if layer else what
        self.why = why
        super().__init__(f"{what}: {why}, which are not known while a step is recorded.")


def values_if_known(x: Any) -> np.ndarray | None:
    """The values of an array; None if the step that is recorded computes them.

    The value of a Variable is not known to a recorded step: it may differ at each run.

    Args:
        x: Tensor, Variable, array or number.

    Returns:
        ndarray or None.

    >>> values_if_known([1, 2]).tolist()
    [1, 2]
    """
    tensor = getattr(x, "_tensor", x)
    if isinstance(tensor, _core.Tensor):
        if tensor.variable and _core.recording():
            return None
        try:
            return np.asarray(tensor)
        except RuntimeError:
            if tensor.recorded:
                return None
            raise
    return np.asarray(tensor)
