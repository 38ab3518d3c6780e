"""The part of Layer that is about quantization."""

from __future__ import annotations

from typing import Any

from .adopting import one_at_a_time
from .modes import config_for, config_of_layer
from .quantized_classes import quantized_class
from .quantized_parts import restore_parts


class Quantizable:
    """Base of Layer with `quantize` and the properties of quantized layers."""

    name: str
    built: bool
    reads_indices = False  # True in Embedding: its inputs are not numbers that could become codes
    made_by_quantize = False  # True in classes that `quantize` assigns

    def restore_quantized_parts(self, parts: Any) -> None:
        """Makes layers inside this one quantized, which its config does not have; loading and copying call it.

        Args:
            parts: dict of the quantized layers' configs by their place, from `get_build_config()["quantized"]`.

        Raises:
            ValueError: the parts do not fit the sub-layers, or name something unknown.
        """
        restore_parts(self, parts)

    @property
    def quantization_mode(self) -> str | None:
        """The mode with which the layer was quantized, e.g. "int8"; None for a float layer."""
        config = self.quantization_config
        return None if config is None else str(config.mode)

    @property
    def quantization_config(self) -> Any:
        """The config with which the layer was quantized; None for a float layer."""
        return self.__dict__.get("_quantization_config")

    def _quantized_together(self) -> tuple[Any, ...]:
        """The sub-layers that are quantized as a part of this layer."""
        return ()

    def quantize(self, mode: str | None = None, type_check: bool = True, config: Any = None) -> None:
        """Makes this layer an 8-bit one, in place: the object stays, its class and weights change.

        Sub-layers stay as they are; `Model.quantize` quantizes all layers inside a model.

        Args:
            mode: "int8", or None (the default) for that of `config`.
            type_check: whether a subclass of a layer is refused, since its `call` may be its own; only True, the
                default, is supported.
            config: a `quantizers.Int8Config`, whose calibration data are inputs of this layer; None (the default) for
                the mode's default.

        Raises:
            NotImplementedError: the layer has no quantized form.
            ValueError: the layer is not built, or is quantized; an unknown mode; NaN or infinite weights.
            TypeError: `config` is neither an Int8Config nor an Int4Config.

        >>> import numpy as np
        >>> from netlet import layers
        >>> layer = layers.Dense(4)
        >>> y = layer(np.ones((2, 3), "float32"))
        >>> layer.quantize("int8")
        >>> layer.kernel.dtype, layer.quantization_mode
        ('int8', 'int8')
        """
        config = config_of_layer(self, config_for(mode, config))
        if not type_check:
            raise NotImplementedError(f"Layer '{self.name}'.quantize: expected type_check=True, received False.")
        with one_at_a_time:
            check_ready(self)
            quantized = quantized_class(type(self), config.scheme)
            if quantized is None:
                raise NotImplementedError(f"Layer '{self.name}': {no_class(type(self), config)}.")
            why = quantized.why_not(self, config)
            if why is not None:
                raise NotImplementedError(f"Layer '{self.name}' cannot be quantized: {why}.")
            quantized.quantize_alone(self, config)


def check_ready(layer: Any) -> None:
    """Raises ValueError if the layer is not built or is quantized already."""
    if not layer.built:
        raise ValueError(
            f"Layer '{layer.name}' is not built: it has no weights to quantize. Call it, or `build`, first."
        )
    if layer.quantization_mode is not None:
        raise ValueError(f"Layer '{layer.name}' is already quantized, with {layer.quantization_config!r}.")


def no_class(float_class: type, config: Any) -> str:
    """Why a layer class stays float."""
    what = f"mode {config.mode!r}" + (" with activations=None" if config.scheme.endswith("_weights") else "")
    return f"{float_class.__name__} has no quantized form for {what}"


def own_variables(layer: Any) -> list[Any]:
    """A layer's own weights, with those of the sub-layers that are quantized as a part of it."""
    return [v for part in (layer, *layer._quantized_together()) for v in part._all_own_variables()]


def units_of(model: Any) -> list[Any]:
    """The layers of a model that are quantized one by one: those with weights, without the parts of others."""
    layers = model._flatten_layers(include_self=False)
    parts = {id(part) for layer in layers for part in layer._quantized_together()}
    return [
        layer
        for layer in layers
        if id(layer) not in parts and (own_variables(layer) or layer.quantization_mode is not None)
    ]
