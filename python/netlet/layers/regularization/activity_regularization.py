"""A penalty on activations as a layer."""

from __future__ import annotations

from typing import Any

from netlet import regularizers

from ..base.elementwise import Elementwise


class ActivityRegularization(Elementwise):
    """Passes its input on and adds l1 * sum(|x|) + l2 * sum(x**2), divided by the batch size, to the loss."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        base = super().get_config()
        base.pop("activity_regularizer", None)
        return {**base, "l1": self.l1, "l2": self.l2}
