"""Configs of models that Keras made, in memory or as JSON."""

from __future__ import annotations

from typing import Any


def in_netlets_form(config: Any) -> Any:
    """netlet's form of the config of a model.

    Args:
        config: what `get_config` returned, here or in Keras.

    Returns:
        The config itself if it is netlet's.

    Raises:
        ValueError: an op that netlet does not have.
        NotImplementedError: a quantized layer.
    """
    if not _is_kerass(config):
        return config
    from .keras_file.config import from_keras  # its tables of ops take milliseconds to import

    return from_keras(config)


def _is_kerass(config: Any) -> bool:
    """Whether some part of a config names a module of Keras."""
    if isinstance(config, dict):
        module = config.get("module")
        named = isinstance(module, str) and module.split(".")[0] == "keras"
        return named or any(_is_kerass(value) for value in config.values())
    return isinstance(config, (list, tuple)) and any(_is_kerass(value) for value in config)
