"""TimeSpec: the expected rank and features of sequences, with a hint for a missing time axis."""

from __future__ import annotations

from ..base.input_spec import InputSpec


class TimeSpec(InputSpec):
    """Input requirement for sequences (batch, time, ...).

    Args:
        ndim: required rank, e.g. 3 for sequences of vectors; None (the default): 3 or more.
        features: required size of the last axis; None (the default) accepts any.
        reason: explanation added to the error, e.g. "its kernel is (8, 32)"; "" by default.

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
        return "Is the time axis missing? Use x[:, None] for sequences of one step, x[None] for a batch of one."
