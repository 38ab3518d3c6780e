"""Embedding: looks up vectors in a trained table by integer index."""

from __future__ import annotations

import warnings
from typing import Any

from netlet import _core, constraints, initializers, ops, regularizers
from netlet.engine.graph import KerasTensor

from ..base.layer import Layer

_EXACT_IN_FLOAT32 = 2**24


class Embedding(Layer):
    """Table of trained vectors, looked up by index: y[...] = embeddings[x[...]].

    Indices x (B, ...), vectors y (B, ..., output_dim). In `fit`, an update only touches the rows of the table that it
    changes; see docs/numerics.md.

    Args:
        input_dim: size of the vocabulary V, a positive integer; indices are 0 to V - 1.
        output_dim: length of a vector, a positive integer.
        embeddings_initializer: of the table (input_dim, output_dim); uniform in [-0.05, 0.05] by default.
        embeddings_regularizer: its penalty on the whole table is added to `losses`, and changes all rows at each step;
            None by default.
        embeddings_constraint: applied to the table after each update; None by default.
        mask_zero: whether index 0 is padding; if so, the output's mask is False there. False by default.
        weights: initial table (input_dim, output_dim) instead of an initializer; None by default.
        lora_rank, lora_alpha, quantization_config: only None, the default, is supported.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Inputs that are not int32 or int64 (floats, in a model without a declared dtype) are cast to int32.

    Raises:
        ValueError: input_dim or output_dim is not a positive integer. When called: an index outside the vocabulary; the
            error gives its position, and `fit` raises it before any weight changes.
        NotImplementedError: `lora_rank`, `lora_alpha` or `quantization_config` is given.

    Source: Keras 3, `keras.layers.Embedding` (there, the result for an index outside the vocabulary depends on the
    backend).

    Example:

    >>> import numpy as np
    >>> y = Embedding(5, 2, weights=np.arange(10.0).reshape(5, 2), mask_zero=True)(np.array([[3, 0]]))
    >>> y.numpy().tolist(), y._keras_mask.numpy().tolist()
    ([[[6.0, 7.0], [0.0, 1.0]]], [[True, False]])
    """

    reads_indices = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
                raise ValueError(f"Embedding: expected a positive integer for `{name}`, received {value!r}.")
        left_out = {"lora_rank": lora_rank, "lora_alpha": lora_alpha, "quantization_config": quantization_config}
        for name, given in left_out.items():
            if given is not None:
                raise NotImplementedError(f"Embedding: `{name}` is not supported: expected None, received {given!r}.")
        if kwargs.pop("input_length", None) is not None:
            warnings.warn("Argument `input_length` is deprecated. Just remove it.", stacklevel=2)
        super().__init__(**kwargs)
        self.input_dim, self.output_dim = input_dim, output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False
        if weights is not None:
            self.build((None, None))
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build(self, input_shape: Any = None) -> None:
        if self.built:
            return
        table = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        table.by_rows = True
        self._embeddings = table

    @property
    def embeddings(self) -> Any:
        """The table (input_dim, output_dim), a Variable."""
        if not self.built:
            raise AttributeError(f"Layer '{self.name}' has no `embeddings` yet: it is not built. Call it first.")
        return self._embeddings

    def call(self, inputs: Any) -> Any:
        index = inputs
        if index.dtype not in ("int32", "int64"):
            if index.dtype == "float32" and self.input_dim > _EXACT_IN_FLOAT32:
                raise ValueError(
                    f"Layer '{self.name}': expected int32 indices, received float32, which is only exact up to "
                    f"{_EXACT_IN_FLOAT32:,} (the vocabulary has {self.input_dim:,} entries). Start the model with "
                    "Input(..., dtype='int32')."
                )
            index = ops.cast(index, "int32")
        _core.check_index(index, self.input_dim)
        return ops.cast_if_needed(self._vectors(index), self._compute_dtype)

    def _vectors(self, index: Any) -> Any:
        """The rows of the table with these indices."""
        return ops.take(self.embeddings, index, axis=0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.output_dim)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        x = args[0] if args else kwargs["inputs"]
        return KerasTensor(self.compute_output_shape(x.shape), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }
