"""Integers as one-hot, multi-hot or count vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ...base.layer import Layer


def encoded(x: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Integers as "one_hot" vectors (an axis of extent 1 at the end gives way to them), or those of a sample joined
    along its first axis: their maximum ("multi_hot") or their sum, weighted or not ("count")."""
    if len(x.shape) == 0:
        x = ops.reshape(x, (1,))
    if mode == "one_hot" and len(x.shape) > 1 and x.shape[-1] == 1:
        x = ops.reshape(x, x.shape[:-1])
    y = ops.one_hot(x, depth, dtype=dtype)
    if mode == "one_hot":
        return y
    if weights is not None:
        y = ops.multiply(y, ops.expand_dims(weights, -1))
    return (ops.max if mode == "multi_hot" else ops.sum)(y, axis=1 if len(x.shape) > 1 else 0)


class CategoryEncoding(Layer):
    """Integers in [0, num_tokens) as vectors of that length.

    Args:
        output_mode: "one_hot": a vector each; "multi_hot": one a sample, with 1 for what occurs; "count": how often.
        sparse: only False.

    Call arguments:
        count_weights: with "count", what each integer counts.

    >>> CategoryEncoding(4)(np.array([[0, 1], [3, 3]])).numpy()
    array([[1., 1., 0., 0.],
           [0., 0., 0., 1.]], dtype=float32)
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        output_mode = "multi_hot" if output_mode == "binary" else output_mode
        if output_mode not in ("count", "one_hot", "multi_hot"):
            raise ValueError(f"CategoryEncoding: `output_mode` is count, one_hot or multi_hot; given {output_mode!r}.")
        if not isinstance(num_tokens, (int, np.integer)) or num_tokens < 1:
            raise ValueError(f"CategoryEncoding: `num_tokens` is an integer of at least 1; given {num_tokens!r}.")
        if sparse:
            raise NotImplementedError("CategoryEncoding: netlet has no sparse tensors; leave `sparse` False.")
        self.num_tokens, self.output_mode, self.sparse = int(num_tokens), output_mode, sparse

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"`count_weights` is for output_mode='count'; the layer's is {self.output_mode!r}.")
        x = ops.cast_if_needed(inputs, "int32")
        return encoded(x, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}
