"""What a quantized layer is made from: Int8Config, and the table of the quantized class of each float class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from netlet.base.suggest import unknown

ACTIVATIONS = ("dynamic", "static", None)
WEIGHTS = ("absmax", "zeropoint")
OBSERVERS = ("minmax", "moving_average", "percentile", "entropy", "mse")

C = TypeVar("C", bound=type)
_classes: dict[tuple[str, type], type] = {}
_configs: dict[str, type] = {}


class Int8Config:
    """How `quantize` turns layers into 8-bit ones.

    Args:
        activations: how the inputs of a layer become codes. "dynamic" (the default): each row (dense layers) or each
            image (convolutions) has a scale and a zero point, computed in each call, so that a prediction does not
            depend on its batch. "static": a layer has one scale and one zero point, found from `calibration`. It is
            faster. None: inputs stay float, and only the weights are stored in 8 bits.
        weights: "absmax" (the default): codes symmetric about 0. "zeropoint": codes over the weights' own range.
        per_channel: whether each output channel of a kernel has its own scale (the default), or all share one.
        calibration: for "static": typical inputs of the model (of the layer, for `Layer.quantize`), in any form that
            `predict` takes. A few hundred rows are usual. It is not saved with the layer.
        observer: for "static": how the range of a layer's input follows from the observed values. "minmax" (the
            default): smallest and largest. "moving_average": of the smallest and largest of each batch.
            "percentile": without the 0.01 % farthest out on either side. "entropy": the range whose codes lose the
            least information (Kullback-Leibler divergence, as in TensorRT). "mse": the range with the smallest mean
            squared error of the codes.

    Attributes:
        mode: "int8".
        scheme: "int8" if inputs become codes, "int8_weights" if only weights are stored in 8 bits.

    Raises:
        ValueError: an unknown value; calibration data without activations="static".

    >>> Int8Config(activations="static", observer="mse").get_config()["observer"]
    'mse'
    """

    mode = "int8"

    def __init__(
        self,
        activations: str | None = "dynamic",
        weights: str = "absmax",
        per_channel: bool = True,
        calibration: Any = None,
        observer: str = "minmax",
    ) -> None:
        for name, value, allowed in (
            ("activations", activations, ACTIVATIONS),
            ("weights", weights, WEIGHTS),
            ("observer", observer, OBSERVERS),
        ):
            if not (value is None or isinstance(value, str)) or value not in allowed:
                raise ValueError(f"Int8Config: expected `{name}` to be one of {allowed}, received {value!r}.")
        if not isinstance(per_channel, bool):
            raise ValueError(f"Int8Config: expected `per_channel` to be True or False, received {per_channel!r}.")
        if calibration is not None and activations != "static":
            raise ValueError(
                f'Int8Config: expected `calibration` only with activations="static", received {activations!r}.'
            )
        self.activations, self.weights, self.per_channel = activations, weights, per_channel
        self.calibration, self.observer = calibration, observer

    @property
    def scheme(self) -> str:
        """The column of the table of quantized classes that this config uses."""
        return "int8_weights" if self.activations is None else "int8"

    def get_config(self) -> dict[str, Any]:
        """The arguments as plain values, without the calibration data."""
        names = ("activations", "weights", "per_channel", "observer")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Makes the config again from the values of `get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_config().items())})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash(tuple(self.get_config().items()))


_configs[Int8Config.mode] = Int8Config


def quantization_mode(mode: str, config: type) -> None:
    """Adds a mode of `quantize`.

    Args:
        mode: its name.
        config: its class of configs, whose constructor needs no arguments.
    """
    _configs[mode] = config


def config_for(mode: Any, config: Any) -> Any:
    """The config of a call `quantize(mode, config)`.

    Args:
        mode: name of a mode, or None for that of the config.
        config: a config, or None for the mode's default.

    Returns:
        The config.

    Raises:
        ValueError: an unknown mode; neither argument; a config of another mode.
        TypeError: `config` is not a config.
    """
    if config is not None and not (type(config) in _configs.values() or hasattr(type(config), "mode")):
        raise TypeError(f"quantize: expected `config` to be an Int8Config or None, received {config!r}.")
    if mode is None and config is not None:
        mode = config.mode
    if not isinstance(mode, str) or mode not in _configs:
        if isinstance(mode, str):
            raise unknown("quantization mode", mode, sorted(_configs))
        raise ValueError(f"quantize: expected `mode` to be one of {sorted(_configs)}, received {mode!r}.")
    if config is None:
        return _configs[mode]()
    if config.mode != mode:
        raise ValueError(f"quantize: expected a config of mode {mode!r}, received {config!r} of mode {config.mode!r}.")
    return config


def config_of_layer(layer: Any, config: Any) -> Any:
    """The config for one layer of a model that is quantized with a config.

    A layer that reads indices (Embedding) has no activations to quantize: only its weights become codes.

    Args:
        layer: the layer.
        config: an Int8Config, or a config of another mode.
    """
    if isinstance(config, Int8Config) and config.activations is not None and layer.reads_indices:
        return type(config)(None, config.weights, config.per_channel)
    return config


def quantizes(*float_classes: type, scheme: str = "int8") -> Callable[[C], C]:
    """Decorator of the quantized class of some float classes.

    Args:
        *float_classes: layer classes. Their subclasses are not meant, since they may compute something else.
        scheme: the configs' `scheme` that it is for.

    Returns:
        The decorator. The class has the methods of `layers.int8.quantized.QuantizedLayer`.
    """

    def decorator(cls: C) -> C:
        for float_class in float_classes:
            _classes[scheme, float_class] = cls
        return cls

    return decorator


def quantized_class(float_class: type, scheme: str) -> Any:
    """The quantized class of exactly this float class; None if there is none."""
    return _classes.get((scheme, float_class))
