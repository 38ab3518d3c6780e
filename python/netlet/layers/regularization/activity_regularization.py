"""ActivityRegularization: adds a penalty on its input to the loss."""

from __future__ import annotations

from typing import Any

from netlet import regularizers

from ..base.elementwise import Elementwise


class ActivityRegularization(Elementwise):
    """Adds a penalty on its input to the loss: (l1 * sum(|x|) + l2 * sum(x**2)) / batch size. Returns its input.

    Args:
        l1: factor of the absolute values; 0.0 by default.
        l2: factor of the squares; 0.0 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: a factor is negative or infinite.

    >>> import numpy as np
    >>> layer = ActivityRegularization(l2=0.5)
    >>> _ = layer(np.array([[1.0, 2.0]], "float32"))
    >>> float(layer.losses[0].numpy())
    2.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        base = super().get_config()
        base.pop("activity_regularizer", None)
        return {**base, "l1": self.l1, "l2": self.l2}
