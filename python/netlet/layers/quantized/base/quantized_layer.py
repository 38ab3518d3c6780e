"""QuantizedLayer: what all layers of 8-bit codes share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from netlet import _core, activations, ops
from netlet.saving.serialization import deserialize_object, serialize_object

from ...base.layer import Layer
from ...base.quantization.int8_config import Int8Config
from ...base.quantization.quantization_config import QuantizationConfig
from ...fusable import LINEAR
from .made_from_float import MadeFromFloat
from .weight_statistics import WeightStatistics, weight_statistics


class QuantizedLayer(MadeFromFloat, Layer):
    """Base of quantized layers, in front of the float class: `class Int8Dense(QuantizedLayer, Dense)`.

    The float class's `build` runs; weights named in `_coded` become int8 Variables with a scale (and a zero point for
    weights="zeropoint"), all others are made without training. A subclass defines `_summed_axes`, `_row_axes` and
    `_on_codes`.

    Args:
        *args: those of the float class.
        quantization_config: an Int8Config, or its serialized form.
        **kwargs: those of the float class.
    """

    _coded: ClassVar[tuple[str, ...]] = ("kernel",)
    _symmetric: ClassVar[tuple[str, ...]] = ()  # those that have absmax codes with every config
    activation: Any  # of the float class
    _quantization_config: Any
    input_scale: Any  # of static activations; None for dynamic ones
    input_zero_point: Any
    _weight_statistics: Mapping[str, WeightStatistics] = MappingProxyType({})  # of weights that were quantized here
    _row_axes: ClassVar[tuple[int, ...]]  # of the input, along which dynamic activations share a scale

    def __init__(self, *args: Any, quantization_config: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        config = Int8Config() if quantization_config is None else quantization_config
        if isinstance(config, dict):
            config = deserialize_object(config)
        if not isinstance(config, QuantizationConfig):
            raise ValueError(
                f"{type(self).__name__}: expected `quantization_config` to be an Int8Config, received {config!r}."
            )
        self._quantization_config = config

    # ---- building --------------------------------------------------------------------------------------------------
    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self._add_codes()

    def _add_codes(self) -> None:
        """Adds the scales and zero points to a layer that has the weights of the float class."""
        config = self._quantization_config
        for name in self._coded:
            shape = tuple(getattr(self, name).shape)
            channels = self._channels(name, shape) if config.per_channel else ()
            setattr(self, f"{name}_scale", self._constant(f"{name}_scale", channels, "float32", "ones"))
            zero = None if self._is_symmetric(name) else self._constant(f"{name}_zero_point", channels, "int8")
            setattr(self, f"{name}_zero_point", zero)
        static = config.activations == "static"
        self.input_scale = self._constant("input_scale", (), "float32", "ones") if static else None
        self.input_zero_point = self._constant("input_zero_point", (), "uint8") if static else None

    def _is_symmetric(self, name: str) -> bool:
        """Whether a weight's codes have no zero point."""
        config = self._quantization_config
        return config.weights == "absmax" or (name in self._symmetric and config.activations is not None)

    def _constant(self, name: str, shape: tuple[int, ...], dtype: str, initializer: str = "zeros") -> Any:
        return super().add_weight(
            name=name, shape=shape, dtype=dtype, initializer=initializer, trainable=False, autocast=False
        )

    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """A weight of the float class: codes if its name is in `_coded`; without training in any case."""
        kwargs = {**kwargs, "trainable": False, "regularizer": None, "constraint": None}
        if kwargs.get("name") in self._coded:
            kwargs.update(dtype="int8", initializer="zeros", autocast=False)
        return super().add_weight(*args, **kwargs)

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The axes of a coded weight that belong to one output channel."""
        raise NotImplementedError

    def _channels(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        summed = self._summed_axes(name, shape)
        return (math.prod(n for axis, n in enumerate(shape) if axis not in summed),)

    def _codes_of(self, name: str) -> tuple[Any, Any, Any]:
        """(codes, scale, zero point or None) of a coded weight."""
        return getattr(self, name), getattr(self, f"{name}_scale"), getattr(self, f"{name}_zero_point")

    def _floats(self, name: str) -> Any:
        """The values of a coded weight's codes: (codes - zero point) * scale."""
        codes, scale, zero = self._codes_of(name)
        if scale.shape:
            summed = self._summed_axes(name, tuple(codes.shape))
            kept = [1 if axis in summed else n for axis, n in enumerate(codes.shape)]
            scale, zero = ops.reshape(scale, kept), None if zero is None else ops.reshape(zero, kept)
        return values_of(codes, scale, zero)

    def coded_weight(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """A coded weight as arrays, for files of other programs.

        Args:
            name: of the weight, one of `_coded`.

        Returns:
            (codes, scale, zero point or None): int8 of the weight's shape, and float32 and int8 that broadcast to it.
        """
        codes, scale, zero = self._codes_of(name)
        shape = tuple(codes.shape)
        kept = [1] * len(shape)
        if scale.shape:
            summed = self._summed_axes(name, shape)
            kept = [1 if axis in summed else n for axis, n in enumerate(shape)]
        zeros = None if zero is None else np.asarray(zero.numpy()).reshape(kept)
        return np.asarray(codes.numpy()), np.asarray(scale.numpy()).reshape(kept), zeros

    # ---- calling ---------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, training: bool | None = None) -> Any:
        fused = activations.fused(self.activation)
        y = self._on_codes(*self._input_codes(inputs), fused or LINEAR, None, None)
        return y if fused else self.activation(y)

    def _input_codes(self, x: Any) -> tuple[Any, Any, Any]:
        """(codes, scale, zero point) of an input: uint8, with this layer's static scale or a scale for each row."""
        x = x if x.dtype == "float32" else _core.cast(x, "float32")
        if self.input_scale is not None:
            scale, zero = self.input_scale, self.input_zero_point
            return _core.quantize_with(x, scale, zero), scale, zero
        axes = [axis % len(x.shape) for axis in self._row_axes]
        return _core.quantize_zeropoint(x, "uint8", axes, 0)

    def _dynamic_codes_key(self, rank: int) -> Any:
        """Layers with equal keys make the same codes of an input of this rank, with dynamic activations."""
        return tuple(sorted(axis % rank for axis in self._row_axes))

    def _on_codes(
        self, x: Any, x_scale: Any, x_zero: Any, activation: tuple[str, float], out_scale: Any, out_zero: Any
    ) -> Any:
        """The layer on codes of its input.

        Args:
            x, x_scale, x_zero: the codes, their scale and their zero point.
            activation: (name, alpha) of an activation that a product fuses.
            out_scale, out_zero: scale and zero point of the codes to return; None: return float32.
        """
        raise NotImplementedError

    # ---- config ----------------------------------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "quantization_config": serialize_object(self._quantization_config)}

    # ---- made from a float layer -----------------------------------------------------------------------------------
    @classmethod
    def _float_weights(cls, layer: Any) -> dict[str, Any]:
        """The values of the float class's weights, by name."""
        others = getattr(layer, "_range_weights", ())
        return {v.name: v.numpy() for v in layer._all_own_variables() if v.name not in others}

    def _set_input_range(self, low: float, high: float) -> None:
        """Sets the scale and zero point of static activations."""
        scale, zero = scale_and_zero(low, high)
        self.input_scale.assign(scale)
        self.input_zero_point.assign(zero)

    def _set_weights(self, values: Mapping[str, Any]) -> None:
        """Sets all weights from the float values of the float class, by name."""
        for name, value in values.items():
            if not np.isfinite(value).all():
                count = int(value.size - np.isfinite(value).sum())
                raise ValueError(
                    f"Layer '{self.name}': expected finite weights, received {count} NaN or infinite numbers in "
                    f"'{name}'."
                )
            if name in self._coded:
                self._set_codes(name, value)
                found = weight_statistics(value, self._floats(name))
                object.__setattr__(self, "_weight_statistics", {**self._weight_statistics, name: found})
            else:
                getattr(self, name).assign(value)

    def _set_codes(self, name: str, value: Any) -> None:
        config, value = self._quantization_config, np.asarray(value, "float32")
        axes = list(self._summed_axes(name, value.shape)) if config.per_channel else None
        codes, scale, zero = self._codes_of(name)
        if zero is None:
            q, s = _core.quantize_absmax(value, axes, 0)
        else:
            q, s, z = _core.quantize_zeropoint(value, "int8", axes, 0)
            zero.assign(z.numpy().reshape(zero.shape))
        codes.assign(q.numpy())
        scale.assign(s.numpy().reshape(scale.shape))


def values_of(codes: Any, scale: Any, zero: Any) -> Any:
    """(codes - zero) * scale.

    Args:
        codes: int8 or uint8.
        scale: float32, one number or of sizes that divide those of the codes.
        zero: of the codes' dtype and the scale's shape; None for 0.
    """
    return _core.dequantize_absmax(codes, scale) if zero is None else _core.dequantize_zeropoint(codes, scale, zero)


def scale_and_zero(low: float, high: float) -> tuple[np.float32, np.uint8]:
    """Scale and zero point of the uint8 codes of a range, as `ops.quantize_zeropoint` computes them.

    >>> scale, zero = scale_and_zero(-1.0, 1.55)
    >>> round(float(scale), 6), int(zero)
    (0.01, 100)
    """
    _, scale, zero = _core.quantize_zeropoint(np.array([low, high], "float32"), "uint8", None, 0)
    return np.float32(scale.numpy()), np.uint8(zero.numpy())
