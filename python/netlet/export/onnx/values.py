"""Value: a tensor of the exported graph, by name, in one or both of two layouts of its axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.engine.graph import KerasTensor


class Value(KerasTensor):
    """A tensor of the exported graph. For netlet it is a symbolic tensor with a shape and a dtype.

    ONNX's convolutions and poolings read channels first. Their results stay in that layout until an operator needs
    netlet's, so that no transpose stands between two convolutions.

    Args:
        like: KerasTensor with its shape and dtype.
        last: name of the tensor with its axes in netlet's order; None if it is not computed yet.
        first: name of the tensor with the last axis moved behind the batch; None if it is not computed yet.
        flattened: the Value of which it is the flattened form (batch, features), computed only where it is needed.
    """

    def __init__(
        self, like: Any, last: str | None = None, first: str | None = None, flattened: Value | None = None
    ) -> None:
        super().__init__(like.shape, like.dtype, name=last or first or "flattened")
        self.last, self.first, self.flattened = last, first, flattened

    @property
    def only_first(self) -> bool:
        """Whether it exists in the layout with channels first alone."""
        return self.last is None and self.first is not None


class CodedValue(Value):
    """A weight (codes - zero) * scale, of which the file has the codes.

    Args:
        codes: int8, or the codes -8 to 7 of 4 bits as int8.
        scale: float32, broadcastable to the codes.
        zero: int8, broadcastable to the codes; None for 0.
        floats: the values, for operators that cannot read codes.
        bits: 8 or 4.
        hint: name of the weight.
    """

    def __init__(self, codes: Any, scale: Any, zero: Any, floats: np.ndarray, bits: int, hint: str) -> None:
        super().__init__(KerasTensor(codes.shape, "float32"), hint)
        self.codes, self.scale = codes, np.broadcast_to(scale, codes.shape)
        self.zero = None if zero is None else np.broadcast_to(zero, codes.shape)
        self.floats, self.bits, self.hint = floats, bits, hint

    def reshaped(self, shape: Any) -> CodedValue:
        """The weight in another shape."""
        codes, scale, floats = (a.reshape(shape) for a in (self.codes, self.scale, self.floats))
        zero = None if self.zero is None else self.zero.reshape(shape)
        return CodedValue(codes, scale, zero, floats, self.bits, self.hint)


def to_first(rank: int) -> list[int]:
    """The permutation that moves the last axis behind the batch.

    >>> to_first(4)
    [0, 3, 1, 2]
    """
    return [0, rank - 1, *range(1, rank - 1)]


def to_last(rank: int) -> list[int]:
    """The permutation that moves axis 1 to the end.

    >>> to_last(4)
    [0, 2, 3, 1]
    """
    return [0, *range(2, rank), 1]
