"""Dot: the dot product of two inputs over one axis of each."""

from __future__ import annotations

from typing import Any

from netlet import ops

from .merge import Merge


class Dot(Merge):
    """Dot product of two inputs over one axis of each, for each sample.

    Input: a list of two tensors (B, ...); output (B, other axes of the first, other axes of the second), or (B, 1) if
    there are none. The output has no mask.

    Args:
        axes: one axis for both inputs, or a pair; counted with the batch axis.
        normalize: whether to scale both inputs to length 1 along their axis first (cosine similarity); False by
            default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: `axes` is not an integer or a pair; when called: not two inputs, or axes of different sizes.

    Source: Keras 3, `keras.layers.Dot`.

    >>> import numpy as np
    >>> Dot(axes=1)([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 4.0]], "float32")]).numpy()
    array([[11.]], dtype=float32)
    """

    minimum = maximum = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = axes if isinstance(axes, (list, tuple)) else (axes, axes)
        if len(pair) != 2 or not all(isinstance(a, int) for a in pair):
            raise ValueError(f"Dot: expected `axes` to be an integer or a pair of integers, received {axes!r}.")
        self.axes, self.normalize = axes, normalize

    def _pair(self, ranks: tuple[int, int]) -> tuple[int, int]:
        a, b = self.axes if isinstance(self.axes, (list, tuple)) else (self.axes, self.axes)
        return a % ranks[0], b % ranks[1]

    def call(self, inputs: Any) -> Any:
        x, y = inputs
        a, b = self._pair((len(x.shape), len(y.shape)))
        if self.normalize:
            x, y = ops.normalize(x, axis=a), ops.normalize(y, axis=b)
        n, k = int(x.shape[0]), int(x.shape[a])
        left, right = ops.moveaxis(x, a, -1), ops.moveaxis(y, b, 1)
        product = ops.matmul(ops.reshape(left, (n, -1, k)), ops.reshape(right, (n, k, -1)))
        return ops.reshape(product, self.compute_output_shape([tuple(x.shape), tuple(y.shape)]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        s, t = (tuple(v) for v in input_shape)
        a, b = self._pair((len(s), len(t)))
        if s[a] != t[b] and None not in (s[a], t[b]):
            raise ValueError(
                f"Layer '{self.name}': expected axes of equal size, received axis {a} of {s} and axis {b} of {t}."
            )
        rest = (*s[1:a], *s[a + 1 :], *t[1:b], *t[b + 1 :])
        return (s[0], *rest) if rest else (s[0], 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}
