"""ReversibleEmbedding: a table of vectors that is also the projection back to the vocabulary."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.config import is_float, standardize_dtype
from netlet.engine.graph import KerasTensor

from .embedding import Embedding


class ReversibleEmbedding(Embedding):
    """Embedding whose call with `reverse=True` projects vectors back to logits of the vocabulary.

    Forward: y[...] = embeddings[x[...]], indices (B, ...), vectors (B, ..., output_dim). Reverse: logits = x Wᵀ with W
    the table, or x V with a matrix V (output_dim, input_dim) of its own; (B, ..., output_dim) to (B, ..., input_dim).
    There is no bias.

    Args:
        input_dim: size of the vocabulary.
        output_dim: length of a vector.
        tie_weights: whether the reverse call uses the table itself, transposed; default True.
        embeddings_initializer: of the table and the matrix; uniform in [-0.05, 0.05] by default.
        embeddings_regularizer: penalty on the table; None by default.
        embeddings_constraint: of the table; None by default.
        mask_zero: whether index 0 is padding; integer inputs only. False by default.
        reverse_dtype: dtype of the reverse product; None by default for that of the layer's policy.
        logit_soft_cap: c for logits c tanh(logits / c), within (-c, c); None by default.
        **kwargs: other arguments of `Embedding`.

    Call arguments: inputs; reverse=False.

    Raises:
        ValueError: as `Embedding`; or `logit_soft_cap` is 0.

    Source: Press and Wolf, "Using the output embedding to improve language models", 2016; Keras 3
    `keras.layers.ReversibleEmbedding`.

    Example:

    >>> import numpy as np
    >>> layer = ReversibleEmbedding(5, 2, weights=np.arange(10.0).reshape(5, 2))
    >>> layer(layer(np.array([1])), reverse=True).numpy().tolist()
    [[3.0, 13.0, 23.0, 33.0, 43.0]]
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.tie_weights = bool(tie_weights)
        if logit_soft_cap == 0:
            raise ValueError("ReversibleEmbedding: expected `logit_soft_cap` other than 0, received 0.")
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        self.reverse_dtype, self.logit_soft_cap = reverse_dtype, logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        if self.built:
            return
        super().build(input_shape)
        # The product with the transposed table writes all rows of its gradient.
        self._embeddings.by_rows = not self.tie_weights
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings",
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        if not reverse:
            return super().call(inputs)
        dtype = standardize_dtype(self.reverse_dtype or self.compute_dtype)
        kernel = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        logits = ops.matmul(ops.cast_if_needed(inputs, dtype), ops.cast_if_needed(kernel, dtype))
        if self.logit_soft_cap is not None:
            logits = ops.multiply(ops.tanh(ops.divide(logits, self.logit_soft_cap)), self.logit_soft_cap)
        return logits

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if is_float(inputs.dtype) else super().compute_mask(inputs, mask)

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> Any:
        return (*input_shape[:-1], self.input_dim) if reverse else super().compute_output_shape(input_shape)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> Any:
        dtype = standardize_dtype(self.reverse_dtype) if reverse and self.reverse_dtype else self.compute_dtype
        return KerasTensor(self.compute_output_shape(inputs.shape, reverse), dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }
