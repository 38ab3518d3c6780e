"""What a recurrent layer asks of its input, and the mistakes that are usual with it."""

from __future__ import annotations

from ..base.input_spec import InputSpec


class TimeSpec(InputSpec):
    """Batch, time, and what a step has.

    Args:
        ndim: the rank where it is known, 3 for steps that are vectors.
        features: extent of the last axis, once it is known; `reason` says why.

    Example:

    >>> TimeSpec(3).mismatch((2, 5), "float32")
    'inputs of rank 3, (batch, time, features)'
    """

    def __init__(self, ndim: int | None = None, features: int | None = None, reason: str = "") -> None:
        axes: dict[int, int | None] = {} if features is None else {-1: features}
        super().__init__(ndim=ndim, min_ndim=None if ndim else 3, axes=axes, reason=reason)
        self.names = "(batch, time, features)" if ndim == 3 else "(batch, time, ...)"

    def mismatch(self, shape: tuple[int | None, ...], dtype: str) -> str | None:
        expected = super().mismatch(shape, dtype)
        if expected is None or "rank" not in expected:
            return expected
        return f"{expected}, {self.names}"

    def hint(self, shape: tuple[int | None, ...]) -> str:
        if len(shape) >= (self.ndim or 3):
            return ""
        return "Is the time axis missing? x[:, None] is a sequence of one step, x[None] a batch of one."
