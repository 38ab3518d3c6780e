"""HostLayer: base of layers that run in Python; argument checks and encodings that they share."""

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
    """Base of layers that run in Python at each call and are never part of a recorded step.

    As the first layer of a Sequential they process the data before `fit`, `evaluate` and `predict` run the recorded
    step. They cannot follow other layers in a model.
    """

    runs_on_host = True

    def _converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return args, kwargs  # lists and texts are passed to `call` unchanged

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Context manager that adds this layer's name to errors, as in `call`."""
        try:
            yield
        except (ValueError, TypeError) as error:
            name_layer(error, self.name)
            raise

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Nothing: these layers have no weights, and none can be called on symbols of a trial."""

    def _output_dtype(self) -> str:
        raise NotImplementedError

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> KerasTensor:
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self._output_dtype())


def check_mode(name: str, output_mode: Any, modes: Sequence[str] = _MODES) -> str:
    """Returns the output mode, old names replaced; raises ValueError if it is not in `modes`."""
    mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
    if mode not in modes:
        raise ValueError(f"{name}: expected `output_mode` to be one of {', '.join(modes)}, received {output_mode!r}.")
    return str(mode)


def check_sparse(name: str, sparse: bool, mode: str) -> None:
    """Raises an error if `sparse` is True."""
    if sparse and mode == "int":
        raise ValueError(
            f"{name}: `sparse` may only be true if `output_mode` is `'one_hot'`, `'multi_hot'`, `'count'` or "
            f"`'tf_idf'`; received {mode!r}."
        )
    if sparse:
        raise NotImplementedError(f"{name}: sparse tensors are not supported; expected sparse=False.")


def check_salt(name: str, salt: Any) -> list[int] | None:
    """Returns the key of SipHash, a list of two integers (a single integer is used twice), or None."""
    if salt is None:
        return None
    pair = [salt, salt] if isinstance(salt, int) else salt
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(s, int) for s in pair):
        raise ValueError(
            f"{name}: `salt` can only be a tuple of size 2 integers, or a single integer; received {salt!r}."
        )
    return list(pair)


def vectors(ids: np.ndarray, shape: tuple[int, ...], mode: str, depth: int, dtype: str) -> np.ndarray:
    """Encodes indices as vectors of length `depth`; negative indices are ignored.

    Args:
        ids: flat array of indices.
        shape: the shape of the indices. The vectors replace the last axis; with "one_hot" only if its size is 1.
        mode: "one_hot", "multi_hot" or "count".
        depth: length of the vectors.
        dtype: of the vectors.
    """
    shape = shape or (1,)
    if mode == "one_hot":
        lead = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
        return bags(ids, np.arange(len(ids)), mode, depth, dtype, lead)
    rows = np.repeat(np.arange(len(ids) // shape[-1] if shape[-1] else 0), shape[-1])
    return bags(ids, rows, mode, depth, dtype, shape[:-1])


def bags(ids: np.ndarray, rows: np.ndarray, mode: str, depth: int, dtype: str, lead: tuple[int, ...]) -> np.ndarray:
    """Vectors (*lead, depth) of the `ids` in each row: 1 for each id that occurs, or its count with mode "count"."""
    out = np.zeros((*lead, depth), dtype)
    there = ids >= 0
    places = rows[there] * depth + ids[there]
    if mode in ("one_hot", "multi_hot"):
        out.reshape(-1)[places] = 1
    else:
        np.add.at(out.reshape(-1), places, 1)
    return out
