"""Layers that run in Python, on texts or on integers of any size, and the vectors that they make of numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from netlet.engine.graph import KerasTensor

from ...base.calling import name_layer
from ...base.layer import Layer

_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class HostLayer(Layer):
    """Base of layers that no recorded step holds: they run in Python, whenever they are called.

    At the front of a Sequential they run on the data ahead of `fit`, `evaluate` and `predict`; behind other layers they
    can only be called by themselves.
    """

    runs_on_host = True

    def _converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return args, kwargs  # lists and texts are arguments like any other

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Errors inside name this layer, as those of `call` do."""
        try:
            yield
        except (ValueError, TypeError) as error:
            name_layer(error, self.name)
            raise

    def _output_dtype(self) -> str:
        raise NotImplementedError

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> KerasTensor:
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self._output_dtype())


def check_mode(name: str, output_mode: Any, modes: Sequence[str] = _MODES) -> str:
    """The mode under its present name."""
    mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
    if mode not in modes:
        raise ValueError(f"{name}: `output_mode` is one of {', '.join(modes)}; given {output_mode!r}.")
    return str(mode)


def check_sparse(name: str, sparse: bool, mode: str) -> None:
    if sparse and mode == "int":
        raise ValueError(
            f"{name}: `sparse` may only be true if `output_mode` is `'one_hot'`, `'multi_hot'`, `'count'` or "
            f"`'tf_idf'`; given {mode!r}."
        )
    if sparse:
        raise NotImplementedError(f"{name}: netlet has no sparse tensors; leave `sparse` False.")


def check_salt(name: str, salt: Any) -> list[int] | None:
    """The key of SipHash: two integers; one stands for both."""
    if salt is None:
        return None
    pair = [salt, salt] if isinstance(salt, int) else salt
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(s, int) for s in pair):
        raise ValueError(f"{name}: `salt` can only be a tuple of size 2 integers, or a single integer; given {salt!r}.")
    return list(pair)


def vectors(ids: np.ndarray, shape: tuple[int, ...], mode: str, depth: int, dtype: str) -> np.ndarray:
    """Numbers as vectors of length `depth`; those below 0 count nowhere.

    Args:
        ids: flat.
        shape: theirs. "one_hot": an axis of extent 1 at the end gives way to the vectors. Otherwise the last axis does.
    """
    shape = shape or (1,)
    if mode == "one_hot":
        lead = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
        return bags(ids, np.arange(len(ids)), mode, depth, dtype, lead)
    rows = np.repeat(np.arange(len(ids) // shape[-1] if shape[-1] else 0), shape[-1])
    return bags(ids, rows, mode, depth, dtype, shape[:-1])


def bags(ids: np.ndarray, rows: np.ndarray, mode: str, depth: int, dtype: str, lead: tuple[int, ...]) -> np.ndarray:
    """(*lead, depth): what of `ids` lies in each row, 1 for what occurs or how often it does."""
    out = np.zeros((*lead, depth), dtype)
    there = ids >= 0
    places = rows[there] * depth + ids[there]
    if mode in ("one_hot", "multi_hot"):
        out.reshape(-1)[places] = 1
    else:
        np.add.at(out.reshape(-1), places, 1)
    return out
