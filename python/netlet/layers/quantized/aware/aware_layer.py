"""AwareLayer: a float layer that computes with the 8-bit codes of its weights and inputs while it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from netlet import _core, activations, ops

from ...base.quantization.adopting import adopt, one_at_a_time
from ...base.quantization.aware_config import MOVING
from ...base.quantization.quantizable import no_class
from ...base.quantization.quantized_classes import quantized_class, quantizes
from ...fusable import LINEAR
from ..base.observers import BATCH_SHARE
from ..base.quantized_layer import QuantizedLayer
from .straight_through import learned, with_gradient_of

C = TypeVar("C", bound=type)
_FOREVER = 2**31 - 1  # steps


def trains(float_class: Any) -> Callable[[C], C]:
    """Decorator: the class is what `quantize_aware` makes of a float class."""

    def decorator(cls: C) -> C:
        cls._float_class = float_class  # type: ignore[attr-defined]
        for scheme in ("int8_aware", "int8_aware_weights"):
            quantizes(float_class, scheme=scheme)(cls)
        return cls

    return decorator


class Aware:
    """Base of the classes that `quantize_aware` assigns, which later become quantized layers."""

    _float_class: ClassVar[Any]
    name: str
    quantization_config: Any

    @classmethod
    def why_not(cls, layer: Any, config: Any) -> str | None:
        """Why a layer of the float class stays float, as the end of a sentence; None if it can train with codes."""
        quantized = quantized_class(type(layer), config.trained.scheme)
        if quantized is None:
            return no_class(type(layer), config)
        why: str | None = quantized.why_not(layer, config.trained)
        return why

    def freeze_range(self) -> None:
        """Keeps the observed range of the input as it is, from the next training step on."""
        raise NotImplementedError

    def trained_twin(self) -> Any:
        """The quantized layer that computes the same numbers."""
        raise NotImplementedError

    def _trained_twin(self) -> Any:
        """The same, without the input's range."""
        config = self.quantization_config.trained
        return quantized_class(self._float_class, config.scheme).twin(self, config)

    def quantize(self, mode: str | None = None, type_check: bool = True, config: Any = None) -> None:
        """Makes this layer the quantized one that computes the same numbers, in place.

        Args:
            mode: "int8" or None.
            type_check: as in `Layer.quantize`.
            config: None, because the layer has trained with its own config.

        Raises:
            ValueError: another mode, or a config.
            NotImplementedError: type_check is False.
        """
        if mode not in (None, "int8") or config is not None:
            raise ValueError(
                f"Layer '{self.name}'.quantize: expected mode 'int8' and no config, because it has trained with "
                f"{self.quantization_config!r}, received mode {mode!r} and {config!r}."
            )
        if not type_check:
            raise NotImplementedError(f"Layer '{self.name}'.quantize: expected type_check=True, received False.")
        with one_at_a_time:
            adopt(self, self.trained_twin())


class AwareLayer(Aware, QuantizedLayer):
    """Base of layers that train with codes, in front of the quantized class: `class AwareDense(AwareLayer, Int8Dense)`.

    The weights stay float and trainable. With activations=None, the float class computes with the values of the
    weights' codes. Else each call makes codes of them and of the input, and returns what the quantized
    class computes from the codes. Its gradient is that of the float class on the values of the codes, which goes
    straight through the rounding (Bengio et al., 2013).

    Static activations have a range: the Variables `input_low` and `input_high`, or, if it is learned, `input_scale`
    times exp(`input_scale_exponent`) with a fixed zero point. The exponent is what is trained, so that steps of any
    optimizer are small compared to the scale, the scale stays positive, and a weight decay pulls towards the calibrated
    scale.

    Args:
        *args: those of the float class.
        quantization_config: a `quantizers.AwareConfig`.
        **kwargs: those of the float class.
    """

    _range_weights = (
        *("input_low", "input_high", "range_steps"),
        *("input_scale", "input_zero_point", "input_scale_exponent"),
    )

    # ---- weights ---------------------------------------------------------------------------------------------------
    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """A weight of the float class, as that class makes it."""
        return super(QuantizedLayer, self).add_weight(*args, **kwargs)

    def _add_codes(self) -> None:
        config = self._quantization_config
        self.input_scale = self.input_zero_point = None
        if config.activations != "static":
            return
        if config.ranges == "learned":
            self.input_scale = self._constant("input_scale", (), "float32", "ones")
            self.input_zero_point = self._constant("input_zero_point", (), "uint8")
            self.input_scale_exponent = self.add_weight(
                name="input_scale_exponent", shape=(), dtype="float32", initializer="zeros", autocast=False
            )
            return
        self.input_low = self._constant("input_low", (), "float32")
        self.input_high = self._constant("input_high", (), "float32")
        self.range_steps = self._constant("range_steps", (), "int32")  # in which the range still moves
        steps = _FOREVER if config.freeze_after is None else config.freeze_after
        self.range_steps.assign(steps if config.observer in MOVING else 0)

    def _set_codes(self, name: str, value: Any) -> None:
        getattr(self, name).assign(value)

    def _set_input_range(self, low: float, high: float) -> None:
        if self.input_scale is not None:
            super()._set_input_range(low, high)
        else:
            self.input_low.assign(np.float32(low))
            self.input_high.assign(np.float32(high))

    def freeze_range(self) -> None:
        if hasattr(self, "range_steps"):
            self.range_steps.assign(0)

    # ---- calling ---------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if self._quantization_config.activations is None:
            return self._float_result(inputs, {name: self._weight_hat(name) for name in self._coded})
        x = inputs if inputs.dtype == "float32" else _core.cast(inputs, "float32")
        codes, scale, zero, x_hat = self._seen(x, bool(training))
        fused = activations.fused(self.activation)
        y = self._on_codes(codes, scale, zero, fused or LINEAR, None, None)
        y = y if fused else self.activation(y)
        hats = {name: self._weight_hat(name) for name in self._coded}
        if not any(hat.requires_grad for hat in (x_hat, *hats.values())):
            return ops.stop_gradient(y)
        return with_gradient_of(y, self._float_result(x_hat, hats))

    def _float_result(self, x_hat: Any, hats: Mapping[str, Any]) -> Any:
        """The float class on the values of codes."""
        view = object.__new__(self._float_class)
        view.__dict__.update({**self.__dict__, **hats})
        return self._float_class.call(view, x_hat)

    def _axes(self, name: str) -> list[int] | None:
        """The axes along which elements of a weight share a scale; None: all."""
        shape = tuple(getattr(self, name).shape)
        return list(self._summed_axes(name, shape)) if self._quantization_config.per_channel else None

    def _weight_hat(self, name: str) -> Any:
        weight, axes = getattr(self, name), self._axes(name)
        if self._is_symmetric(name):
            return _core.fake_quantize_absmax(weight, axes, 0)
        return _core.fake_quantize_zeropoint(weight, "int8", axes, 0)

    def _codes_of(self, name: str) -> tuple[Any, Any, Any]:
        weight, axes = getattr(self, name), self._axes(name)
        channels = self._channels(name, tuple(weight.shape)) if axes is not None else ()
        if self._is_symmetric(name):
            codes, scale = _core.quantize_absmax(weight, axes, 0)
            return codes, ops.reshape(scale, channels), None
        codes, scale, zero = _core.quantize_zeropoint(weight, "int8", axes, 0)
        return codes, ops.reshape(scale, channels), ops.reshape(zero, channels)

    # ---- the input's codes -----------------------------------------------------------------------------------------
    def _seen(self, x: Any, training: bool) -> tuple[Any, Any, Any, Any]:
        """(codes of x, scale, zero point, values of the codes with a gradient)."""
        if self._quantization_config.activations != "static":
            axes = [axis % len(x.shape) for axis in self._row_axes]
            codes = _core.quantize_zeropoint(x, "uint8", axes, 0)
            return (*codes, _core.fake_quantize_zeropoint(x, "uint8", axes, 0))
        scale, zero = self._scale_and_zero(x if training else None)
        fixed = ops.stop_gradient(scale)
        return (
            _core.quantize_with(x, fixed, zero),
            fixed,
            zero,
            _core.fake_quantize_with(x, learned(scale, x.size), zero),
        )

    def _scale_and_zero(self, x: Any = None) -> tuple[Any, Any]:
        """Scale and zero point of the input; with x, the batch of a training step, after its observation."""
        if self.input_scale is not None:
            return _core.multiply(self.input_scale, ops.exp(self.input_scale_exponent)), self.input_zero_point
        low, high = (self.input_low, self.input_high) if x is None else self._observed(x)
        _, scale, zero = _core.quantize_zeropoint(ops.stack([low, high]), "uint8", None, 0)
        return scale, zero

    def _observed(self, x: Any) -> tuple[Any, Any]:
        """The range after a batch of a training step. The range of a batch that is not finite does not count."""
        if self._quantization_config.observer not in MOVING:
            return self.input_low, self.input_high
        x = ops.stop_gradient(x)
        batch = ops.minimum(ops.min(x), 0.0), ops.maximum(ops.max(x), 0.0)
        counts = ops.logical_and(self.range_steps > 0, ops.isfinite(_core.subtract(batch[1], batch[0])))
        found = []
        for old, new, wider in zip((self.input_low, self.input_high), batch, (ops.minimum, ops.maximum), strict=True):
            if self._quantization_config.observer == "minmax":
                moved = wider(old, new)
            else:
                moved = _core.add(old, _core.multiply(_core.subtract(new, old), BATCH_SHARE))
            found.append(ops.where(counts, moved, old))
            old.assign(found[-1])
        self.range_steps.assign(ops.maximum(ops.subtract(self.range_steps, 1), 0))
        return found[0], found[1]

    def trained_twin(self) -> Any:
        twin = self._trained_twin()
        self._pass_range(twin)
        return twin

    def _pass_range(self, twin: Any) -> None:
        """Gives the range of the input to a quantized layer."""
        if self._quantization_config.activations == "static":
            scale, zero = self._scale_and_zero()
            twin.input_scale.assign(scale)
            twin.input_zero_point.assign(zero)
