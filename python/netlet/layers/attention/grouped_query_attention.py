"""GroupedQueryAttention: several query heads share one key and value head."""

from __future__ import annotations

import math
from typing import Any

from netlet import ops

from .projected_attention import ProjectedAttention


class GroupedQueryAttention(ProjectedAttention):
    """Attention in which groups of query heads share one key and value head.

    query (B, T, F), value (B, S, F), key (B, S, F), which defaults to value; output (B, T, F). Keras exports it as
    `GroupQueryAttention`; netlet has both names.

    Args:
        head_dim: size of a head, a positive integer.
        num_query_heads: N, a positive integer.
        num_key_value_heads: K, a divisor of N; 1 is multi-query attention, N is multi-head attention.
        dropout: fraction of the attention weights to drop during training; 0.0 by default.
        use_bias: whether the projections have biases; True by default.
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
    attention_mask=None (B, T, S), return_attention_scores=False, training=None, use_causal_mask=False.

    Raises:
        ValueError: num_query_heads is not a multiple of num_key_value_heads; invalid arguments; shapes that do not
            match.

    Source: Ainslie et al., 2023; Keras 3, `keras.layers.GroupQueryAttention`.

    >>> import numpy as np
    >>> x = np.ones((2, 5, 8), "float32")
    >>> GroupedQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)(x, x).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
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
        super().__init__(**kwargs)
        sizes = {
            "head_dim": head_dim,
            "num_query_heads": num_query_heads,
            "num_key_value_heads": num_key_value_heads,
        }
        for name, size in sizes.items():
            if isinstance(size, bool) or not isinstance(size, int) or size <= 0:
                raise ValueError(f"`{name}` must be a positive integer. Received: {name}={size!r}")
        if num_query_heads % num_key_value_heads != 0:
            raise ValueError("`num_query_heads` must be divisible by `num_key_value_heads`.")
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
        self.head_dim, self.num_query_heads, self.num_key_value_heads = head_dim, num_query_heads, num_key_value_heads
        self.num_repeats = num_query_heads // num_key_value_heads
        self._scale = 1 / math.sqrt(head_dim)

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        self._check_key(value_shape, key_shape)
        self.feature_dim = query_shape[-1]
        heads = {"query": self.num_query_heads, "gate": self.num_query_heads}

        def projection(name: str, shape: Any, activation: Any = None) -> Any:
            out = (None, heads.get(name, self.num_key_value_heads), self.head_dim)
            dense = self._projection(name, "bqm,muh->bquh", out, "uh", activation)
            dense.build(shape)
            return dense

        self._query_dense = projection("query", query_shape)
        self._key_dense = projection("key", value_shape if key_shape is None else key_shape)
        if self._use_gate:
            self._gate_dense = projection("gate", query_shape, "sigmoid")
        self._value_dense = projection("value", value_shape)
        self._build_attention()
        self._output_dense = self._projection("attention_output", "bquh,uhm->bqm", (None, self.feature_dim), "m")
        self._output_dense.build((None, None, self.num_query_heads, self.head_dim))

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
            "query_mask": query_mask,
            "value_mask": value_mask,
            "key_mask": key_mask,
            "attention_mask": attention_mask,
        }
        return self._attend(query, value, key, masks, return_attention_scores, training, use_causal_mask)

    def _equations(self) -> tuple[str, str]:
        return "bkuh,bquh->buqk", "buqk,bkuh->bquh"

    def _with_scores(self, query: Any, key: Any, value: Any, mask: Any, training: Any, causal: bool) -> tuple[Any, Any]:
        key, value = (ops.repeat(x, self.num_repeats, axis=2) for x in (key, value))
        return super()._with_scores(query, key, value, mask, training, causal)

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        if query_shape[-1] != value_shape[-1]:
            raise ValueError(
                "The last dimension of `query_shape` and `value_shape` must be equal, but are "
                f"{query_shape[-1]}, {value_shape[-1]}. Received: query_shape={query_shape}, value_shape={value_shape}"
            )
        self._check_key(value_shape, key_shape)
        return query_shape

    def _scores_shape(self, query: Any, value: Any) -> tuple[Any, ...]:
        return (query.shape[0], self.num_query_heads, query.shape[1], value.shape[1])

    def get_config(self) -> dict[str, Any]:
        own = {
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
        }
        return {**super().get_config(), **own, **self._options()}


GroupQueryAttention = GroupedQueryAttention
