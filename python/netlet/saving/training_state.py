"""The part of a training's state that is not in variables: seeds of random layers, shuffling, weight decay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .serialization import deserialize_object, serialize_object


def training_document(model: Any) -> dict[str, Any]:
    """Returns the state as a dict that JSON can hold. It has "training" and "without_decay" if the model is trained."""
    document: dict[str, Any] = {"seeds": [[g.seed, g.drawn] for g in getattr(model, "seed_generators", [])]}
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        # An optimizer's config does not have the variables that are excluded from its weight decay.
        document["without_decay"] = optimizer.without_weight_decay(model.trainable_variables)
        if hasattr(model, "get_training_state"):
            document["training"] = serialize_object(model.get_training_state())
    return document


def build_optimizer(document: Mapping[str, Any], model: Any, optimizer: Any) -> None:
    """Builds an optimizer that is not built, for the model's trainable variables."""
    if optimizer.built:
        return
    trainable = model.trainable_variables
    if excluded := document.get("without_decay"):
        optimizer.exclude_from_weight_decay([trainable[int(i)] for i in excluded])
    optimizer.build(trainable)


def set_seeds(document: Mapping[str, Any], model: Any, strict: bool) -> None:
    """Restores the seeds and counters of random layers (dropout), so that their sequences continue."""
    generators, seeds = list(getattr(model, "seed_generators", [])), document.get("seeds", [])
    if not isinstance(seeds, list) or len(seeds) != len(generators):
        if not strict:
            return
        raise ValueError(f"expected seeds for the model's {len(generators)} random layers in the file.")
    pairs = [(int(seed), int(drawn)) for seed, drawn in seeds]
    for generator, (seed, drawn) in zip(generators, pairs, strict=True):
        generator.seed, generator.drawn = seed, drawn


def set_training_state(document: Mapping[str, Any], model: Any) -> None:
    """Restores the state of the training, such as the counters of shuffling, if the document has it."""
    state = document.get("training")
    if state is not None and hasattr(model, "set_training_state"):
        model.set_training_state(deserialize_object(state))
