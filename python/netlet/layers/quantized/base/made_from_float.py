"""MadeFromFloat: how a quantized layer is made from a float layer."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet.base.naming import name_scope

from ...base.quantization.adopting import adopt
from ...base.quantization.quantizable import own_variables
from .observers import observer

Range = tuple[float, float]


class MadeFromFloat:
    """Base of the classes that `quantize` assigns: whether a float layer becomes one of them, and how."""

    made_by_quantize = True
    from_config: Any  # of Layer

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
        twin = cls.from_config({**layer.get_config(), **more, "quantization_config": config.without_data()})
        with _place_of(layer):
            twin.build_from_config(layer.get_build_config())
        twin._set_weights({**cls._float_weights(layer), **own})
        if input_range is not None:
            twin._set_input_range(*input_range)
        return twin

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
            try:
                values = np.asarray(config.calibration, "float32")
            except (TypeError, ValueError):
                raise ValueError(
                    f"Layer '{layer.name}': expected Int8Config(calibration=) to be an array of inputs of the layer, "
                    f"received a {type(config.calibration).__name__}."
                ) from None
            if not values.size or not np.isfinite(values).all():
                raise ValueError(
                    f"Layer '{layer.name}': expected finite calibration data with at least one row, received shape "
                    f"{values.shape}."
                )
            layer(values)  # raises if the shape does not fit
            seen = observer(config.observer)
            seen.add(values)
            found = seen.range()
        adopt(layer, cls.twin(layer, config, found))

    @classmethod
    def _float_weights(cls, layer: Any) -> dict[str, Any]:
        """The values of the float class's weights, by name."""
        raise NotImplementedError

    def _set_weights(self, values: Mapping[str, Any]) -> None:
        """Sets all weights from the float values of the float class, by name."""
        raise NotImplementedError

    def _set_input_range(self, low: float, high: float) -> None:
        """Sets the scale and zero point of static activations."""
        raise NotImplementedError


def _place_of(layer: Any) -> Any:
    """A context in which new weights have the paths of the layer's: a layer inside another may not know its own."""
    names: list[str] = next((v.path.split("/") for v in own_variables(layer)), [])
    outer = names[: len(names) - 1 - names[::-1].index(layer.name)] if layer.name in names else []
    return name_scope("/".join(outer), layer) if outer else contextlib.nullcontext()
