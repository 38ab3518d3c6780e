"""The modes of `quantize`, and the config of a call."""

from __future__ import annotations

from typing import Any

from netlet.base.suggest import unknown

from .aware_config import AwareConfig
from .int4_config import Int4Config
from .int8_config import Int8Config
from .quantization_config import QuantizationConfig

_CONFIGS: dict[str, type[QuantizationConfig]] = {cls.mode: cls for cls in (Int8Config, Int4Config, AwareConfig)}


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
    if config is not None and not isinstance(config, (Int8Config, Int4Config)):
        raise TypeError(f"quantize: expected `config` to be an Int8Config, an Int4Config or None, received {config!r}.")
    if mode is None and config is not None:
        mode = config.mode
    if not isinstance(mode, str) or mode not in _CONFIGS:
        if isinstance(mode, str):
            raise unknown("quantization mode", mode, sorted(_CONFIGS))
        raise ValueError(f"quantize: expected `mode` to be one of {sorted(_CONFIGS)}, received {mode!r}.")
    if config is None:
        return _CONFIGS[mode]()
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
