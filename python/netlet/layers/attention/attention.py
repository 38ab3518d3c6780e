"""Attention layers without projections: dot-product (Luong) and additive (Bahdanau) attention."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops
from netlet.engine.graph import KerasTensor
from netlet.random import SeedGenerator, masked_dropout

from ..base.layer import Layer
from .attention_masks import causal_mask

FORBIDDEN = 1e9  # subtracted from masked scores


class Attention(Layer):
    """Dot-product attention without projections: softmax(q k^T) v (Luong et al., 2015).

    Inputs [query (B, T, d), value (B, S, D)] or [query, value, key (B, S, d)]; key defaults to value. Output (B, T, D).

    Args:
        use_scale: whether to multiply the scores by a trained number (for "concat": the argument of tanh). False by
            default.
        score_mode: "dot" (the default), or "concat" for scores w * sum(tanh(q + k)) with a trained number w.
        dropout: fraction of the attention weights to drop during training; 0.0 by default.
        seed: integer seed of the dropout; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: inputs; mask=[query_mask (B, T), value_mask (B, S)], each may be None: the output is 0 where
    query_mask is False, and values where value_mask is False get no weight; training; return_attention_scores=False:
    also return the weights (B, T, S); use_causal_mask=False: query t only attends to the keys 0 to t.

    With "dot", the matrix of scores is not stored, unless the scores are returned, the dropout rate is 1, or value_mask
    and use_causal_mask are combined.

    Raises:
        ValueError: an unknown score_mode; inputs or mask are not lists of two or three.

    Source: Keras 3, `keras.layers.Attention`.

    >>> import numpy as np
    >>> Attention()([np.ones((2, 3, 4), "float32"), np.ones((2, 5, 4), "float32")]).shape
    (2, 3, 4)
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(
                "Invalid value for argument score_mode. Expected one of {'dot', 'concat'}. "
                f"Received: score_mode={score_mode}"
            )
        self.use_scale, self.score_mode, self.dropout, self.seed = use_scale, score_mode, dropout, seed
        self.supports_masking = True
        if dropout > 0:
            self.seed_generator = SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:
        self._validate_inputs(input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        self._validate_inputs(inputs, mask)
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (mask[0], mask[1]) if mask else (None, None)
        rate = float(self.dropout) if training else 0.0
        both = value_mask is not None and use_causal_mask
        scores = None
        if return_attention_scores or both or rate >= 1 or not self._is_product():
            weights_mask = self._score_mask(query, value, value_mask, use_causal_mask)
            output, scores = self._apply_scores(self._calculate_scores(query, key), value, weights_mask, training)
        else:
            output = self._stream(query, key, value, value_mask, use_causal_mask, rate)
        if query_mask is not None:
            output = ops.where(ops.expand_dims(query_mask, -1), output, 0.0)
        return (output, scores) if return_attention_scores else output

    def _is_product(self) -> bool:
        return self.score_mode == "dot" and type(self)._calculate_scores is Attention._calculate_scores

    def _stream(self, query: Any, key: Any, value: Any, value_mask: Any, causal: bool, rate: float) -> Any:
        """Attention of one head, block by block. The mask is added to the scores, as in `_apply_scores`."""
        bias = None
        if value_mask is not None:
            added = ops.where(value_mask, _core.full((), self.compute_dtype, 0.0), -FORBIDDEN)
            bias = ops.expand_dims(added, (1, 2))
        query = query if self.scale is None else ops.multiply(query, self.scale)
        q, k, v = (ops.expand_dims(x, 2) for x in (query, key, value))
        seed = self.seed_generator.seed if rate > 0 else 0
        return ops.squeeze(_core.attention(q, k, v, None, bias, 1.0, causal, rate=rate, seed=seed), 2)

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        """The scores (B, T, S) of query (B, T, d) and key (B, S, d)."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        total = ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3))
        if self.scale is not None:
            total = ops.multiply(total, self.scale)
        return ops.multiply(ops.sum(ops.tanh(total), axis=-1), self.concat_score_weight)

    def _score_mask(self, query: Any, value: Any, value_mask: Any, causal: bool) -> Any:
        mask = None if value_mask is None else ops.expand_dims(value_mask, -2)
        if not causal:
            return mask
        own = causal_mask(int(query.shape[-2]), int(value.shape[-2]))
        return own if mask is None else ops.logical_and(mask, own)

    def _apply_scores(
        self, scores: Any, value: Any, scores_mask: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """(output (B, T, D), attention weights (B, T, S)) from scores (B, T, S)."""
        if scores_mask is not None:
            scores = ops.where(scores_mask, scores, ops.subtract(scores, FORBIDDEN))
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            weights = masked_dropout(weights, float(self.dropout), None, self.seed_generator.seed)
        return ops.matmul(weights, value), weights

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        self._validate_inputs(inputs, mask)
        return None if mask is None else mask[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self,
        inputs: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        self._validate_inputs(inputs, mask)
        query, value = inputs[0].shape, inputs[1].shape
        output = KerasTensor(self.compute_output_shape([query, value]), self.compute_dtype)
        if not return_attention_scores:
            return output
        return output, KerasTensor((*query[:2], value[1]), self.compute_dtype)

    def _validate_inputs(self, inputs: Any, mask: Any = None) -> None:
        name = type(self).__name__
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(
                f"{name} layer must be called on a list of inputs, namely [query, value] or [query, value, key]. "
                f"Received: inputs={inputs}."
            )
        if not 2 <= len(inputs) <= 3:
            raise ValueError(
                f"{name} layer accepts inputs list of length 2 or 3, namely [query, value] or [query, value, key]. "
                f"Received length: {len(inputs)}."
            )
        if mask is None:
            return
        if not isinstance(mask, (list, tuple)):
            raise ValueError(
                f"{name} layer mask must be a list, namely [query_mask, value_mask]. Received: mask={mask}."
            )
        if not 2 <= len(mask) <= 3:
            raise ValueError(f"{name} layer accepts mask list of length 2 or 3. Received length: {len(mask)}.")

    def get_config(self) -> dict[str, Any]:
        own = {"use_scale": self.use_scale, "score_mode": self.score_mode, "dropout": self.dropout, "seed": self.seed}
        return {**super().get_config(), **own}


class AdditiveAttention(Attention):
    """Additive attention: softmax(sum(scale * tanh(q + k))) v (Bahdanau et al., 2015).

    Inputs [query (B, T, d), value (B, S, D)] or [query, value, key (B, S, d)]; key defaults to value. Output (B, T, D).

    Args:
        use_scale: whether to train `scale` (d,); True by default. If False, it is 1.
        dropout: fraction of the attention weights to drop during training; 0.0 by default.
        **kwargs: `seed`, and the arguments of `Layer`, e.g. `name`.

    Call arguments: those of `Attention`.

    Raises:
        ValueError: inputs or mask are not lists of two or three.

    Source: Keras 3, `keras.layers.AdditiveAttention`.

    >>> import numpy as np
    >>> AdditiveAttention()([np.ones((2, 3, 4), "float32"), np.ones((2, 5, 4), "float32")]).shape
    (2, 3, 4)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._validate_inputs(input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform")

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        total = ops.tanh(ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3)))
        return ops.sum(total if self.scale is None else ops.multiply(total, self.scale), axis=-1)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["score_mode"]
        return config
