"""Layers that Keras quantized: they compute the same numbers, and have the weights of Keras's files."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, ops

from ..core.dense import Dense
from .base.quantized_layer import values_of
from .int8.dense import Int8Dense
from .weight_only.embedding import WeightOnlyEmbedding
from .weight_only.products import WeightOnlyDense


class KerasInt8Dense(Int8Dense):
    """A Dense that Keras quantized to int8: inputs become int8 codes of absmax quantization, with a scale for each row.

    Weights: kernel int8 (K, N), bias (N,), kernel_scale (N,), which is Keras's reciprocal.

    Args:
        *args: those of `Dense`.
        quantization_config: a `quantizers.KerasConfig` with activations.
        **kwargs: those of `Dense`.

    Source: Keras 3, `Dense.quantize("int8")`.
    """

    name_in_files = "dense"
    kernel_scale: Any

    def _codes_of(self, name: str) -> tuple[Any, Any, Any]:
        return self.kernel, ops.reciprocal(self.kernel_scale), None

    def _input_codes(self, x: Any) -> tuple[Any, Any, Any]:
        config: Any = self._quantization_config
        x = x if x.dtype == "float32" else _core.cast(x, "float32")
        top = ops.add(ops.max(ops.abs(x), axis=-1, keepdims=True), config.epsilon)
        scale = ops.divide(float(config.highest), top)
        codes = ops.clip(ops.round(ops.multiply(x, scale)), config.lowest, config.highest)
        return ops.cast(codes, "int8"), ops.reciprocal(scale), None

    def _dynamic_codes_key(self, rank: int) -> Any:
        return self._quantization_config


class KerasWeightOnlyDense(WeightOnlyDense):
    """A Dense of which Keras quantized only the kernel, to int8 or int4.

    Weights: kernel int8 (K, N), or (K, ceil(N / 2)) with two codes in a byte; bias (N,); kernel_scale (N,), which is a
    reciprocal, or (groups, N) with kernel_zero_point, and the group of each of the K rows, `g_idx`.

    Args:
        *args: those of `Dense`.
        quantization_config: a `quantizers.KerasConfig` without activations.
        **kwargs: those of `Dense`.

    Source: Keras 3, `Dense.quantize("int4")`.
    """

    name_in_files = "dense"
    kernel_scale: Any
    call = Dense.call

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        self.g_idx = groups_of(self, self._float_shapes["kernel"][0])

    def _zero_dtype(self) -> str | None:
        return "int8" if self._group_size else None

    def _scale_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return super()._scale_shape(name, shape) if self._group_size else (shape[1],)

    def _floats(self, name: str) -> Any:
        if self._group_size:
            return super()._floats(name)
        codes = vars(self)[name] if self._bits == 8 else _core.unpack_int4(vars(self)[name], 1, self.units)
        return values_of(codes, ops.expand_dims(ops.reciprocal(self.kernel_scale), 0), None)

    def load_own_variables(self, store: Any) -> None:
        check_groups(self, store)
        super().load_own_variables(store)


class KerasWeightOnlyEmbedding(WeightOnlyEmbedding):
    """An Embedding whose table Keras quantized to int8 or int4.

    Weights: embeddings int8 (V, D), or (V, ceil(D / 2)) with two codes in a byte; embeddings_scale (V,), which is a
    reciprocal, or (V, groups) with embeddings_zero_point, and the group of each of the D columns, `g_idx`.

    Args:
        *args: those of `Embedding`.
        quantization_config: a `quantizers.KerasConfig`; an embedding has no activations.
        **kwargs: those of `Embedding`.

    Source: Keras 3, `Embedding.quantize`.
    """

    name_in_files = "embedding"

    def build(self, input_shape: Any = None) -> None:
        if not self.built:
            super().build(input_shape)
            self.g_idx = groups_of(self, self.output_dim)

    def _zero_dtype(self) -> str | None:
        return "int8" if self._group_size else None

    def _scale_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return super()._scale_shape(name, shape) if self._group_size else (shape[0],)

    @property
    def _row_group(self) -> int:
        return self._group_size or self.output_dim

    def _rows(self, chosen: Any) -> Any:
        if self._group_size:
            return super()._rows(chosen)
        codes, scale = chosen(vars(self)["_embeddings"]), chosen(self.embeddings_scale)
        if self._bits == 4:
            codes = _core.unpack_int4(codes, len(codes.shape) - 1, self.output_dim)
        return values_of(codes, ops.expand_dims(ops.reciprocal(scale), -1), None)

    def load_own_variables(self, store: Any) -> None:
        check_groups(self, store)
        super().load_own_variables(store)


def groups_of(layer: Any, size: int) -> Any:
    """The Variable `g_idx`: the group of each of `size` places, as floats; None for a layer without groups.

    Args:
        layer: a layer with a KerasConfig.
        size: number of places.
    """
    if not layer._group_size:
        return None
    made = layer._constant("g_idx", (size,), "float32")
    made.assign(np.arange(size) // layer._group_size)
    return made


def check_groups(layer: Any, store: Any) -> None:
    """Raises ValueError if the groups in a file are not those of neighbouring places.

    Args:
        layer: the layer.
        store: what the file has for it.
    """
    if layer.g_idx is None:
        return
    place = str([id(v) for v in layer._all_own_variables()].index(id(layer.g_idx)))
    if place in store and not np.array_equal(store[place], layer.g_idx.numpy()):
        raise ValueError(
            f"Layer '{layer.name}': expected groups of {layer._group_size} neighbouring weights, received other ones."
        )
