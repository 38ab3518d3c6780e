"""Configs of models and layers: changed JSON documents, given to each function that makes an object of one."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from ..mutation import change_json_bytes
from ..target import Target
from .models import models


def _seeds() -> list[bytes]:
    import netlet
    from support.layer_cases import ONE_INPUT

    configs: list[Any] = [json.loads(model.to_json()) for model in models()]
    for ways in ONE_INPUT.values():  # each way to make a layer
        configs += [json.loads(json.dumps(netlet.saving.serialize_keras_object(way()))) for way in ways]
    for name in ("Adam", "Lion"):
        rate = netlet.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
        optimizer = getattr(netlet.optimizers, name)(rate)
        configs.append(json.loads(json.dumps(netlet.saving.serialize_keras_object(optimizer))))
    return [json.dumps(config).encode() for config in configs]


def _run(data: bytes, folder: pathlib.Path) -> None:
    import netlet

    try:
        text = data.decode()
    except UnicodeDecodeError:
        return  # the functions take texts
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        netlet.models.model_from_json(text)
        return
    errors = []
    for read in (_from_json, _deserialize, _of_class):
        try:
            read(text, config)
        except NAMED as error:
            errors.append(error)
    if errors:
        raise errors[0]


# A config has no size that its model's memory could be in proportion to.
NAMED = (ValueError, TypeError, NotImplementedError, MemoryError)


def _from_json(text: str, config: Any) -> None:
    import netlet

    netlet.models.model_from_json(text)


def _deserialize(text: str, config: Any) -> None:
    import netlet

    netlet.saving.deserialize_keras_object(config)


def _of_class(text: str, config: Any) -> None:
    """What `from_config` of a model's own class makes of its inner config."""
    import netlet

    inner = config.get("config") if isinstance(config, dict) else None
    if isinstance(inner, dict):
        models = {"Sequential": netlet.Sequential, "Functional": netlet.Model, "Dense": netlet.layers.Dense}
        cls = models.get(str(config.get("class_name")))
        if cls is not None:
            cls.from_config(inner)


CONFIGS = Target(
    what="models, layers and optimizers of configs",
    seeds=_seeds,
    run=_run,
    change=change_json_bytes,
    named=NAMED,
    runs=120,
)
