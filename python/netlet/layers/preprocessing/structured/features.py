"""Feature and Cross: what a FeatureSpace does with one column, or with the combination of several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netlet.saving import deserialize_keras_object, serialize_keras_object

from ...core.identity import Identity
from ..features.discretization import Discretization
from ..features.normalization import Normalization
from ..image.rescaling import Rescaling
from ..text.hashing import Hashing
from ..text.lookup import IntegerLookup, StringLookup


class Feature:
    """A column: its dtype, the layer that preprocesses it, and the form of the result.

    Args:
        dtype: of the column: "float32", "int32", "string" ...
        preprocessor: the layer, which takes (batch, 1).
        output_mode: "float" for what the layer returns; "int" for its integers; "one_hot" for vectors of them.

    Raises:
        ValueError: an unknown `output_mode`.

    >>> Feature("float32", Identity(), "float").output_mode
    'float'
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        if output_mode not in ("int", "one_hot", "float"):
            raise ValueError(
                f"Feature: expected 'int', 'one_hot' or 'float' as `output_mode`, received {output_mode!r}."
            )
        if isinstance(preprocessor, dict):
            preprocessor = deserialize_keras_object(preprocessor)
        self.dtype, self.preprocessor, self.output_mode = dtype, preprocessor, output_mode

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as a dict."""
        layer = serialize_keras_object(self.preprocessor)
        return {"dtype": self.dtype, "preprocessor": layer, "output_mode": self.output_mode}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Feature:
        """Makes a Feature from the dict that `get_config` returned."""
        return cls(**config)


class Cross:
    """The combination of several columns, hashed to bins.

    Args:
        feature_names: names of the columns.
        crossing_dim: number of bins.
        output_mode: "one_hot" (default) or "int".

    Raises:
        ValueError: an unknown `output_mode`.

    >>> Cross(("a", "b"), 8).name
    'a_X_b'
    """

    def __init__(self, feature_names: Iterable[str], crossing_dim: int, output_mode: str = "one_hot") -> None:
        if output_mode not in ("int", "one_hot"):
            raise ValueError(f"Cross: expected 'int' or 'one_hot' as `output_mode`, received {output_mode!r}.")
        self.feature_names = tuple(feature_names)
        self.crossing_dim, self.output_mode = crossing_dim, output_mode

    @property
    def name(self) -> str:
        """The names of the columns, joined by "_X_"."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as a dict."""
        return {
            "feature_names": list(self.feature_names),
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Cross:
        """Makes a Cross from the dict that `get_config` returned."""
        return cls(**config)


def plain(name: str) -> Feature:
    """Floats as they are."""
    return Feature("float32", Identity(name=_layer(name)), "float")


def rescaled(scale: float, offset: float, name: str) -> Feature:
    """Floats times a scale plus an offset."""
    return Feature("float32", Rescaling(scale=scale, offset=offset, name=_layer(name)), "float")


def normalized(name: str) -> Feature:
    """Floats with mean 0 and variance 1."""
    return Feature("float32", Normalization(axis=-1, name=_layer(name)), "float")


def discretized(num_bins: int | None, bin_boundaries: Any, output_mode: str, name: str) -> Feature:
    """Floats as numbers of bins."""
    layer = Discretization(num_bins=num_bins, bin_boundaries=bin_boundaries, name=_layer(name))
    return Feature("float32", layer, output_mode)


def integers(max_tokens: int | None, num_oov_indices: int, output_mode: str, name: str) -> Feature:
    """Integers as indices of a vocabulary."""
    layer = IntegerLookup(max_tokens=max_tokens, num_oov_indices=num_oov_indices, name=_layer(name))
    return Feature("int32", layer, output_mode)


def strings(max_tokens: int | None, num_oov_indices: int, output_mode: str, name: str) -> Feature:
    """Texts as indices of a vocabulary."""
    layer = StringLookup(max_tokens=max_tokens, num_oov_indices=num_oov_indices, name=_layer(name))
    return Feature("string", layer, output_mode)


def hashed(dtype: str, num_bins: int, output_mode: str, name: str) -> Feature:
    """Texts or integers as bins of a hash."""
    return Feature(dtype, Hashing(num_bins=num_bins, name=_layer(name)), output_mode)


def _layer(name: str) -> str:
    return f"{name}_preprocessor"
