"""QuantizedLayer: what all layers of 8-bit codes share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from netlet import _core, activations, ops
from netlet.base.naming import name_scope
from netlet.saving.serialization import deserialize_object, serialize_object

from ..base.adopting import adopt
from ..base.layer import Layer
from ..base.quantization import Int8Config
from .weight_statistics import WeightStatistics, weight_statistics

LINEAR = ("linear", 0.0)
Range = tuple[float, float]


class QuantizedLayer(Layer):
    """Base of quantized layers, in front of the float class: `class Int8Dense(QuantizedLayer, Dense)`.

    The float class's `build` runs; weights named in `_coded` become int8 Variables with a scale (and a zero point for
    weights="zeropoint"), all others are made without training. A subclass defines `_summed_axes`, `_row_axes` and
    `_on_codes`.

    Args:
        *args: those of the float class.
        quantization_config: an Int8Config, or its serialized form.
        **kwargs: those of the float class.
    """

    made_by_quantize = True
    _coded: ClassVar[tuple[str, ...]] = ("kernel",)
    activation: Any  # of the float class
    _quantization_config: Any
    input_scale: Any  # of static activations; None for dynamic ones
    input_zero_point: Any
    _weight_statistics: Mapping[str, WeightStatistics] = MappingProxyType({})  # of weights that were quantized here
    _row_axes: ClassVar[tuple[int, ...]]  # of the input, along which dynamic activations share a scale

    def __init__(self, *args: Any, quantization_config: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        config = deserialize_object(quantization_config) if isinstance(quantization_config, dict) else None
        config = quantization_config if config is None else config
        config = Int8Config() if config is None else config
        if not isinstance(getattr(config, "scheme", None), str):
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
            zero = self._constant(f"{name}_zero_point", channels, "int8") if config.weights == "zeropoint" else None
            setattr(self, f"{name}_zero_point", zero)
        static = config.activations == "static"
        self.input_scale = self._constant("input_scale", (), "float32", "ones") if static else None
        self.input_zero_point = self._constant("input_zero_point", (), "uint8") if static else None

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
    def why_not(cls, layer: Any, config: Any) -> str | None:
        """Why a layer of the float class stays float, as the end of a sentence; None if it can be quantized."""
        if layer.compute_dtype != "float32":
            return f"it computes in {layer.compute_dtype}, and codes stand for float32"
        return None

    @classmethod
    def twin(
        cls, layer: Any, config: Any, input_range: Range | None = None, weights: Mapping[str, Any] | None = None
    ) -> Any:
        """A quantized layer that computes what a float layer does. The float layer does not change.

        Args:
            layer: the float layer, built.
            config: an Int8Config.
            input_range: smallest and largest value of the input that get codes of their own, for static activations.
            weights: values that replace the layer's own weights, by name: "kernel", "bias".

        Raises:
            ValueError: NaN or infinite weights.
        """
        own = dict(weights or {})
        more = {"use_bias": True} if own.get("bias") is not None and getattr(layer, "bias", None) is None else {}
        twin = cls.from_config({**layer.get_config(), **more, "quantization_config": config})
        with name_scope((layer.path or layer.name).rpartition("/")[0], layer):
            twin.build_from_config(layer.get_build_config())
        twin._set_weights({**cls._float_weights(layer), **own})
        if input_range is not None:
            twin._set_input_range(*input_range)
        return twin

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

    @classmethod
    def quantize_alone(cls, layer: Any, config: Any) -> None:
        """Quantizes a layer that need not be part of a model, in place. See `Layer.quantize`."""
        found = None
        if config.activations == "static":
            if config.calibration is None:
                raise ValueError(
                    f"Layer '{layer.name}': expected Int8Config(calibration=) with inputs of the layer for "
                    'activations="static", received None.'
                )
            values = np.asarray(config.calibration, "float32")
            if not values.size or not np.isfinite(values).all():
                raise ValueError(
                    f"Layer '{layer.name}': expected finite calibration data with at least one row, received shape "
                    f"{values.shape}."
                )
            layer(values)
            found = float(values.min()), float(values.max())
        adopt(layer, cls.twin(layer, config, found))

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

    >>> scale_and_zero(-1.0, 1.55)
    (np.float32(0.01), np.uint8(100))
    """
    _, scale, zero = _core.quantize_zeropoint(np.array([low, high], "float32"), "uint8", None, 0)
    return np.float32(scale.numpy()), np.uint8(zero.numpy())
