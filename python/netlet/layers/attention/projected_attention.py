"""Base of MultiHeadAttention and GroupedQueryAttention: attention between projections."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from netlet import _core, constraints, initializers, ops, regularizers
from netlet.engine.graph import KerasTensor

from ..activations.activation import Softmax
from ..base.layer import Layer
from ..core.einsum_dense import EinsumDense
from ..regularization.dropout import Dropout
from .attention_masks import causal_mask, merged_mask, with_heads


class ProjectedAttention(Layer):
    """Base of layers that project query, key and value, apply attention, and project the output.

    Subclasses create the projections in `build`, and define `_equations` and `_scores_shape`.
    """

    _scale: float
    _query_dense: EinsumDense
    _key_dense: EinsumDense
    _value_dense: EinsumDense
    _gate_dense: EinsumDense
    _output_dense: EinsumDense

    def _set_options(
        self,
        dropout: float,
        use_bias: bool,
        use_gate: bool,
        sliding_window: Any,
        flash_attention: Any,
        seed: Any,
        weights: dict[str, Any],
    ) -> None:
        """Checks and stores the common arguments; `weights` has initializers, regularizers and constraints by name."""
        self.supports_masking = True
        is_number = isinstance(sliding_window, int) and not isinstance(sliding_window, bool)
        if sliding_window is not None and not (is_number and sliding_window > 0):
            raise ValueError(f"`sliding_window` must be `None` or a positive integer. Received: {sliding_window!r}")
        if flash_attention and dropout > 0:
            raise ValueError(
                "Dropout is not supported when flash attention is enabled. Please set dropout to 0.0 to use flash "
                "attention."
            )
        self._dropout, self._use_bias, self._use_gate = dropout, use_bias, use_gate
        self._sliding_window, self._flash_attention, self.seed = sliding_window, flash_attention, seed
        modules = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}
        self._of_weights = {name: modules[name.split("_")[-1]].get(value) for name, value in weights.items()}

    def _projection(self, name: str, equation: str, output_shape: Any, bias_axes: str, activation: Any = None) -> Any:
        """An EinsumDense with this layer's options and its own copies of the initializers."""
        own = {
            k: type(v).from_config(v.get_config()) if k.endswith("initializer") else v
            for k, v in self._of_weights.items()
        }
        axes = bias_axes if self._use_bias else None
        return EinsumDense(equation, output_shape, activation, axes, name=name, dtype=self.dtype_policy, **own)

    def _build_attention(self, axes: int = 1) -> None:
        self._softmax = Softmax(axis=tuple(range(-axes, 0)), dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self._dropout, seed=self.seed, dtype=self.dtype_policy)

    # ---- calling ---------------------------------------------------------------------------------------------------
    def _attend(
        self, query: Any, value: Any, key: Any, masks: dict[str, Any], scores: bool, training: Any, causal: bool
    ) -> Any:
        """The whole call; `masks` are the mask arguments of `merged_mask`."""
        key = value if key is None else key
        # A subclass may override `_compute_attention` without a causal flag; it gets a mask instead, as in Keras.
        usual = type(self)._compute_attention is ProjectedAttention._compute_attention
        causal_only = causal and usual and self._sliding_window is None and all(m is None for m in masks.values())
        mask = None
        if not causal_only:
            mask = merged_mask(query, value, **masks, causal=causal, window=self._sliding_window)
        same_key = key is value
        query, value = _unmasked(query), _unmasked(value)
        key = value if same_key else _unmasked(key)
        gate = self._gate_dense(query) if self._use_gate else None
        query, key, value = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        more = {"use_causal_mask": True} if causal_only else {}
        output, found = self._compute_attention(query, key, value, mask, training, scores, **more)
        output = self._output_dense(output if gate is None else ops.multiply(output, gate))
        return (output, found) if scores else output

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[Any, Any]:
        """(output, scores or None) of projected query (B, T, N, H), key (B, S, K, H) and value (B, S, K, D)."""
        if self._flash_attention and return_attention_scores:
            raise ValueError(
                "Returning attention scores is not supported when flash attention is enabled. Please disable flash "
                "attention to access attention scores."
            )
        if return_attention_scores or len(query.shape) != 4 or self._dropout >= 1:
            return self._with_scores(query, key, value, attention_mask, training, use_causal_mask)
        # With dropout Keras uses its Softmax layer, which returns zeros for fully masked rows.
        output = _core.attention(
            query,
            key,
            value,
            with_heads(attention_mask),
            None,
            self._scale,
            use_causal_mask,
            average_dead=self._dropout == 0,
            rate=float(self._dropout) if training else 0.0,
            seed=self._dropout_layer.seed_generator.seed,
        )
        return output, None

    def compute_output_spec(
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
        shape = self.compute_output_shape(query.shape, value.shape, None if key is None else key.shape)
        output = KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return output
        return output, KerasTensor(self._scores_shape(query, value), self.compute_dtype)

    def _scores_shape(self, query: Any, value: Any) -> tuple[Any, ...]:
        raise NotImplementedError

    def _equations(self) -> tuple[str, str]:
        """The einsum equations (key, query -> scores) and (scores, value -> output)."""
        raise NotImplementedError

    def _with_scores(self, query: Any, key: Any, value: Any, mask: Any, training: Any, causal: bool) -> tuple[Any, Any]:
        """(output, scores), computed with the whole matrix of scores in memory."""
        if causal:
            own = causal_mask(int(query.shape[1]), int(key.shape[1]))
            mask = own if mask is None else ops.logical_and(mask, own)
        scores_equation, combine = self._equations()
        scores = ops.einsum(scores_equation, key, ops.multiply(query, self._scale))
        axes = len(self._softmax.axis)
        mask = with_heads(mask, axes, len(scores.shape))
        if isinstance(mask, np.ndarray):
            mask = _core.as_tensor(mask)
        scores = self._softmax(scores, mask=mask)
        dropped = self._dropout_layer(scores, training=bool(training)) if self._dropout > 0 else scores
        return ops.einsum(combine, dropped, value), scores

    def _warn_of_query_mask(self, query: Any, query_mask: Any) -> Any:
        """The mask attached to query. Warns if `query_mask` is passed, which is not used, as in Keras."""
        carried = getattr(query, "_keras_mask", None)
        if query_mask is not None and carried is None:
            warnings.warn(
                f"Layer '{self.name}' does not use `query_mask`, as in Keras. It uses the mask attached to `query`, or "
                "`attention_mask`.",
                stacklevel=4,
            )
        return carried

    # ---- config and checks -------------------------------------------------------------------------------------------
    def _options(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            "dropout": self._dropout,
            "use_bias": self._use_bias,
            "use_gate": self._use_gate,
            "sliding_window": self._sliding_window,
        }
        modules = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}
        for name, value in self._of_weights.items():
            config[name] = modules[name.split("_")[-1]].serialize(value)
        return {**config, "seed": self.seed}

    def _check_key(self, value_shape: Any, key_shape: Any) -> None:
        if key_shape is not None and tuple(value_shape)[1:-1] != tuple(key_shape)[1:-1]:
            raise ValueError(
                "All dimensions of `value` and `key`, except the last one, must be equal. Received: "
                f"value_shape={value_shape} and key_shape={key_shape}"
            )


def _unmasked(x: Any) -> Any:
    """x without its mask, since the projections do not support masks."""
    return x if getattr(x, "_keras_mask", None) is None else ops.reshape(x, tuple(x.shape))
