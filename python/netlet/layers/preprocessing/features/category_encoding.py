"""CategoryEncoding: encodes integers as one-hot, multi-hot or count vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ...base.layer import Layer


def encoded(x: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Encodes integers as vectors of length `depth`.

    Args:
        x: integers. A last axis of size 1 is replaced by the vectors for "one_hot".
        mode: "one_hot": one vector for each integer; "multi_hot" and "count": the maximum or the sum of a sample's
            vectors.
        depth: length of the vectors.
        dtype: of the output.
        weights: factors for the vectors, of the shape of x, or None.
    """
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
    """Encodes integers in [0, num_tokens) as vectors of that length.

    Input (N, K) or (K,) of integers; output (N, num_tokens) or (num_tokens,), and one vector for each integer with
    "one_hot".

    Args:
        num_tokens: number of categories, an integer of at least 1; must be given.
        output_mode: "multi_hot" (the default): 1 for each integer that occurs in a sample; "count": how often each
            occurs; "one_hot": one vector for each integer.
        sparse: only False, the default, is supported.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: inputs; count_weights=None, of the shape of inputs: with "count", the weight of each integer.

    Raises:
        ValueError: invalid arguments; count_weights without "count".
        NotImplementedError: sparse=True.

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
            raise ValueError(
                f"CategoryEncoding: expected `output_mode` count, one_hot or multi_hot, received {output_mode!r}."
            )
        if not isinstance(num_tokens, (int, np.integer)) or num_tokens < 1:
            raise ValueError(
                f"CategoryEncoding: expected `num_tokens` to be an integer of at least 1, received {num_tokens!r}."
            )
        if sparse:
            raise NotImplementedError(
                "CategoryEncoding: sparse tensors are not supported; expected sparse=False, received True."
            )
        self.num_tokens, self.output_mode, self.sparse = int(num_tokens), output_mode, sparse

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"`count_weights` expected output_mode='count', received {self.output_mode!r}.")
        x = ops.cast_if_needed(inputs, "int32")
        return encoded(x, self.output_mode, self.num_tokens, self.dtype, count_weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}
