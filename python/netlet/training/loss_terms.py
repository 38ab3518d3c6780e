"""The terms of the total loss: which loss of `compile` is for which outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netlet import losses
from netlet.base.tree import flatten, is_nested, keys_of, map_structure, pack_like

from .by_shape import CROSSENTROPY, is_name
from .outputs import Outputs


@dataclass
class Term:
    """One loss in the total.

    Attributes:
        loss: a Loss, or a name that means the loss that fits the shapes.
        weight: its factor in the total.
        path: the keys and indices that lead to the output, or to a part of the outputs' structure.
        outputs: indices of the outputs there.
        label: its name in the logs, without "_loss".
    """

    loss: Any
    weight: float
    path: tuple[Any, ...]
    outputs: list[int]
    label: str

    def find(self, structure: Any) -> Any:
        """The part of a structure at the term's path."""
        for key in self.path:
            structure = structure[key]
        return structure


@dataclass
class _Given:
    """A loss as the user gave it, with its factor. A leaf of the structure that the user gave."""

    loss: Any
    weight: float


def to_loss(spec: Any) -> losses.Loss:
    """A Loss for a name, a function or a Loss.

    Raises:
        ValueError: anything else, or an unknown name.
    """
    found = losses.get(spec)
    if isinstance(found, losses.Loss):
        return found
    if not callable(found):
        raise ValueError(f"compile(loss=): expected a name, a Loss or a function, received {found!r}.")
    name = spec if isinstance(spec, str) else getattr(found, "__name__", type(found).__name__)
    return losses.LossFunctionWrapper(found, name=name)


def to_weight(spec: Any) -> float:
    """The factor of a loss: 1 for None.

    Raises:
        ValueError: not a number.
    """
    if spec is None:
        return 1.0
    try:
        if isinstance(spec, (str, bool)):
            raise TypeError
        return float(spec)
    except (TypeError, ValueError):
        hint = f" Metrics have an argument of their own: metrics=[{spec!r}]." if isinstance(spec, str) else ""
        raise ValueError(f"compile(loss_weights=): expected numbers, received {spec!r}.{hint}") from None


def loss_terms(loss: Any, loss_weights: Any, outputs: Outputs) -> list[Term]:
    """The terms of the total loss, by Keras's rules.

    Args:
        loss: one loss for each output; or the outputs' structure with losses in place of the outputs, where a dict may
            lack keys and None means no loss; or a list of losses in the order of `flatten`; or a dict by output name.
            A loss in place of a part of the structure is computed from that part as a whole. A list whose type is not
            that of the part at its place holds several losses for that part.
        loss_weights: None, one factor for all, factors in the structure of `loss` or in the order of its losses, or
            by output name.
        outputs: the outputs.

    Raises:
        ValueError: an unknown name, or another structure.
    """
    if not is_nested(outputs.structure) or not is_nested(loss):
        given: Any = pack_like(outputs.structure, outputs.match_one(loss, "compile(loss=)"))
    else:
        named = outputs.by_name(loss, "compile(loss=)") if isinstance(loss, dict) else None
        given = loss if named is None else pack_like(outputs.structure, named)
    weights = iter(_weights(loss, given, loss_weights, outputs))
    given = map_structure(lambda spec: _Given(spec, to_weight(next(weights))), given)
    terms: list[Term] = []
    _collect(given, outputs.structure, (), outputs, terms)
    return terms


def _weights(loss: Any, given: Any, loss_weights: Any, outputs: Outputs) -> list[Any]:
    """The factors of the losses in `given`, in the order of `flatten`."""
    count, factors = len(flatten(given)), flatten(loss_weights)
    if not is_nested(loss_weights):
        return [loss_weights] * count
    if isinstance(loss_weights, dict) and not (isinstance(loss, dict) and set(loss) == set(loss_weights)):
        if count == len(outputs) == 1:
            return factors
        if count == len(outputs):
            return outputs.match_one(loss_weights, "compile(loss_weights=)")
    if isinstance(loss, dict) and given is not loss and isinstance(loss_weights, dict):
        return [loss_weights[name] for name in outputs.names if name in loss]
    if len(factors) != count:
        raise ValueError(
            f"compile(loss_weights=): the factors must match the number of losses: expected {count} items for the "
            f"losses of the outputs {outputs}, received {len(factors)}."
        )
    return factors


def _collect(given: Any, part: Any, path: tuple[Any, ...], outputs: Outputs, terms: list[Term]) -> None:
    """Adds the terms of what is given for the part of the structure at `path`."""
    if isinstance(given, (list, tuple)):
        if len(given) == len(flatten(part)) and not any(map(is_nested, given)):
            given = pack_like(part, list(given))
        elif not isinstance(part, type(given)):
            for item in given:
                _collect(item, part, path, outputs, terms)
            return
    if not is_nested(given):
        if given.loss is not None:
            terms.append(_term(given, part, path, outputs))
        return
    if isinstance(given, dict):
        fits = isinstance(part, dict) and set(given) <= set(part)
    else:
        fits = is_nested(part) and not isinstance(part, dict) and len(given) <= len(part)
    if not fits:
        shown = map_structure(lambda leaf: leaf.loss, given)
        place = f" at {path}" if path else ""
        raise ValueError(
            f"compile(loss=): expected the structure of the outputs {outputs}, whose part{place} is {part!r}; "
            f"received {type(given).__name__} {shown!r} there."
        )
    for key in keys_of(given):
        _collect(given[key], part[key], (*path, key), outputs, terms)


def _term(given: _Given, part: Any, path: tuple[Any, ...], outputs: Outputs) -> Term:
    loss = given.loss if is_name(given.loss, CROSSENTROPY) else to_loss(given.loss)
    inside = [i for i, place in enumerate(outputs.paths) if place[: len(path)] == path]
    if not is_nested(part):
        name = outputs.names[inside[0]] if outputs.known else getattr(loss, "name", loss)
        place = (*path[:-1], name) if not path or isinstance(path[-1], int) else path
    else:
        place = path or ("_".join(outputs.names[i] for i in inside),)
    return Term(loss, given.weight, path, inside, "/".join(map(str, place)))
