"""MultiHeadAttention: several attention heads, each with its own projections."""

from __future__ import annotations

import math
import string
from typing import Any

from .projected_attention import ProjectedAttention


class MultiHeadAttention(ProjectedAttention):
    """Multi-head attention: softmax(q k^T / sqrt(key_dim)) v for each head, with projected inputs and output.

    query (B, T, F), value (B, S, G), key (B, S, E), which defaults to value; output (B, T, F). T and S may each be
    several axes. The matrix of scores is not stored, unless the scores are returned, attention is over several axes, or
    the dropout rate is 1.

    Args:
        num_heads: N, a positive integer.
        key_dim: H, size of a query and key head, a positive integer.
        value_dim: D, size of a value head; None (the default): key_dim.
        dropout: fraction of the attention weights to drop during training; 0.0 by default.
        use_bias: whether the projections have biases; True by default.
        output_shape: last dimensions of the output, an integer or several; None (the default): query's last dimension.
        attention_axes: axes of query and value to attend over; None (the default): all but the batch and the last.
        sliding_window: query t only attends to keys at a distance below it; None (the default): no limit.
        flash_attention: accepted as in Keras; memory is linear in any case. None by default.
        kernel_initializer: of all projections; "glorot_uniform" by default.
        bias_initializer: of all projections; "zeros" by default.
        kernel_regularizer, bias_regularizer: penalties on the projections' weights; None by default.
        activity_regularizer: penalty on the projections' outputs; None by default.
        kernel_constraint, bias_constraint: applied to the projections' weights after each update; None by default.
        use_gate: whether to multiply the heads' output by sigmoid of another projection of query (Qiu et al., 2025);
            False by default.
        seed: integer seed of the dropout; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: query, value, key=None, query_mask=None (B, T), value_mask=None and key_mask=None (B, S),
    attention_mask=None (B, T, S), return_attention_scores=False, training=None, use_causal_mask=False. As in Keras,
    query_mask is not used; the mask attached to query is.

    Weights: kernel and bias of query (F, N, H), key (E, N, H), gate (F, N, D) if used, value (G, N, D) and
    attention_output (N, D, F), in this order.

    Raises:
        ValueError: num_heads, key_dim or value_dim is not a positive integer; shapes that do not match.

    Source: Vaswani et al., 2017; Keras 3, `keras.layers.MultiHeadAttention`.

    >>> import numpy as np
    >>> x = np.ones((2, 5, 8), "float32")
    >>> layer = MultiHeadAttention(num_heads=2, key_dim=3)
    >>> layer(x, x, use_causal_mask=True).shape, layer.count_params()
    ((2, 5, 8), 218)
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        for name, size in (("num_heads", num_heads), ("key_dim", key_dim), ("value_dim", value_dim)):
            is_size = isinstance(size, int) and not isinstance(size, bool) and size > 0
            if not is_size and not (name == "value_dim" and size is None):
                raise ValueError(
                    f"Received an invalid value for argument `{name}`, expected a positive integer. "
                    f"Received: {name}={size!r}"
                )
        super().__init__(**kwargs)
        weights = {
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer,
            "bias_regularizer": bias_regularizer,
            "activity_regularizer": activity_regularizer,
            "kernel_constraint": kernel_constraint,
            "bias_constraint": bias_constraint,
        }
        self._set_options(dropout, use_bias, use_gate, sliding_window, flash_attention, seed, weights)
        self._num_heads, self._key_dim, self._value_dim = num_heads, key_dim, value_dim or key_dim
        self._scale = 1 / math.sqrt(key_dim)
        self._output_shape = _as_tuple(output_shape or None, "output_shape")
        self._attention_axes: Any = _as_tuple(attention_axes, "attention_axes")

    @property
    def num_heads(self) -> int:
        """Number of heads N."""
        return self._num_heads

    @property
    def key_dim(self) -> int:
        """Size of a query and key head."""
        return self._key_dim

    @property
    def value_dim(self) -> int:
        """Size of a value head."""
        return self._value_dim

    @property
    def dropout(self) -> float:
        """Fraction of the attention weights to drop during training."""
        return self._dropout

    @property
    def use_bias(self) -> bool:
        """Whether the projections have biases."""
        return self._use_bias

    @property
    def attention_axes(self) -> Any:
        """The axes to attend over; before the layer is built, as they were passed."""
        return self._attention_axes

    query_dense = property(lambda self: self._query_dense, doc="The projection of query, an EinsumDense.")
    key_dense = property(lambda self: self._key_dense, doc="The projection of key, an EinsumDense.")
    value_dense = property(lambda self: self._value_dense, doc="The projection of value, an EinsumDense.")
    output_dense = property(lambda self: self._output_dense, doc="The projection of the output, an EinsumDense.")

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        self._check_key(value_shape, key_shape)
        key_shape = value_shape if key_shape is None else key_shape
        self._query_dense = self._to_heads("query", query_shape, self._key_dim)
        self._key_dense = self._to_heads("key", key_shape, self._key_dim)
        if self._use_gate:
            self._gate_dense = self._to_heads("gate", query_shape, self._value_dim, "sigmoid")
        self._value_dense = self._to_heads("value", value_shape, self._value_dim)
        rank = len(value_shape) + 1  # of the projected value
        axes = range(1, rank - 2) if self._attention_axes is None else self._attention_axes
        self._attention_axes = tuple(a if a >= 0 else rank - 1 + a for a in axes)
        self._build_attention(len(self._attention_axes))
        outputs = self._output_shape or (query_shape[-1],)
        equation, made = projection_equation(len(query_shape) - 1, 2, len(outputs))
        shape = (*[None] * (len(query_shape) - 2), *outputs)
        self._output_dense = self._projection("attention_output", equation, shape, made)
        self._output_dense.build((*query_shape[:-1], self._num_heads, self._value_dim))

    def _to_heads(self, name: str, shape: Any, size: int, activation: Any = None) -> Any:
        equation, made = projection_equation(len(shape) - 1, 1, 2)
        partial = (*[None] * (len(shape) - 2), self._num_heads, size)
        dense = self._projection(name, equation, partial, made, activation)
        dense.build(shape)
        return dense

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        masks = {
            "query_mask": self._warn_of_query_mask(query, query_mask),
            "value_mask": value_mask,
            "key_mask": key_mask,
            "attention_mask": attention_mask,
        }
        return self._attend(query, value, key, masks, return_attention_scores, training, use_causal_mask)

    def _equations(self) -> tuple[str, str]:
        return attention_equations(len(self._query_dense.partial_output_shape) + 1, self._attention_axes)

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        self._check_key(value_shape, key_shape)
        return (*query_shape[:-1], *(self._output_shape or query_shape[-1:]))

    def _scores_shape(self, query: Any, value: Any) -> tuple[Any, ...]:
        axes = self._attention_axes
        outer = [n for i, n in enumerate(query.shape[:-1]) if i not in axes]
        return (*outer, self._num_heads, *(x.shape[i] for x in (query, value) for i in axes))

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_heads": self._num_heads,
            "key_dim": self._key_dim,
            "value_dim": self._value_dim,
            "output_shape": self._output_shape,
            "attention_axes": self._attention_axes,
        }
        return {**super().get_config(), **own, **self._options()}


def _as_tuple(value: Any, name: str) -> tuple[int, ...] | None:
    if value is None or isinstance(value, int):
        return None if value is None else (value,)
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"`{name}` must be an int, list, or tuple. Received: {name}={value!r}")
    return tuple(value)


def projection_equation(free: int, bound: int, made: int) -> tuple[str, str]:
    """Equation and new axes of a projection, e.g. ("abc,cde->abde", "de") for 2 free, 1 summed and 2 new axes."""
    letters = string.ascii_lowercase
    kept, summed, new = letters[:free], letters[free : free + bound], letters[free + bound : free + bound + made]
    return f"{kept}{summed},{summed}{new}->{kept}{new}", new


def attention_equations(rank: int, axes: tuple[int, ...]) -> tuple[str, str]:
    """Equations (key, query -> scores), (scores, value -> output) of operands (batch, attention axes, heads, size)."""
    target = string.ascii_lowercase[:rank]
    fresh = iter(string.ascii_lowercase[rank:])
    source = "".join(next(fresh) if i in axes else c for i, c in enumerate(target))
    batch = "".join(c for i, c in enumerate(target[:-1]) if i not in axes)
    scores = batch + "".join(target[i] for i in axes) + "".join(source[i] for i in axes)
    return f"{source},{target}->{scores}", f"{scores},{source}->{target}"
