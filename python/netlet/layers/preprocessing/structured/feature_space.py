"""FeatureSpace: columns of numbers, categories and texts become one vector, or a dict of vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netlet.saving import save_model

from ...core.input_layer import Input
from ...merging.merge import Concatenate
from ..features.category_encoding import CategoryEncoding
from ..features.discretization import Discretization
from ..text.hashed_crossing import HashedCrossing
from ..text.host import HostLayer
from .adapting import adapt_columns, needs_adapt
from .columns import as_column, with_axes
from .feature_types import FeatureTypes
from .features import Cross, Feature


class FeatureSpace(FeatureTypes, HostLayer):
    """Preprocesses and encodes structured data: a dict of columns becomes one vector per row, or a dict of vectors.

    Each column has a type, by its name or by the method of that name: "float", "float_rescaled", "float_normalized",
    "float_discretized", "integer_categorical", "string_categorical", "integer_hashed", "string_hashed"; `feature` takes
    a layer of your own. `crosses` are combinations of columns, hashed. `adapt` learns vocabularies, means and bins.
    Then call it on data (in `Dataset.map` too), or build a model on `get_inputs()` and `get_encoded_features()`.

    Input: a dict of columns (B,) or (B, 1); output: a tensor (B, size), or a dict of them. A dict of single values has
    no batch axis, and neither has its result.

    Args:
        features: {name of a column: type, or what a method returns}.
        output_mode: "concat" (the default) for one vector: the columns in the order of their names, then the crosses;
            "dict" for a dict of vectors.
        crosses: list of tuples of names, or of what `FeatureSpace.cross` returns; None (the default): none.
        crossing_dim: number of bins of a cross; 32 by default.
        hashing_dim: number of bins of "integer_hashed" and "string_hashed"; 32 by default.
        num_discretization_bins: number of bins of "float_discretized"; 32 by default.
        name: name of the layer; None (the default): "feature_space", numbered.

    Attributes:
        preprocessors: {name: layer}. crossers: {name: HashedCrossing}.

    Raises:
        ValueError: no columns, an unknown type, a cross of unknown columns, a call before `adapt`, data that is no dict
            or lacks a column, or columns that cannot be concatenated.
        TypeError: `features` is no dict.

    Source: Keras 3, `keras.utils.FeatureSpace`.

    Example:

    >>> space = FeatureSpace(
    ...     {"age": "float_normalized", "job": FeatureSpace.string_categorical(num_oov_indices=0)},
    ... )
    >>> space.adapt({"age": [20.0, 40.0], "job": ["cook", "pilot"]})
    >>> space({"age": [20.0, 40.0], "job": ["cook", "pilot"]}).numpy().shape
    (2, 3)
    """

    saves_alone = True  # `saving.load_model` returns it though it is no model
    _untracked_attributes = HostLayer._untracked_attributes | {"inputs", "encoded_features"}

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Iterable[Any] | None = None,
        crossing_dim: int | None = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if features and not isinstance(features, Mapping):
            raise TypeError(
                f"FeatureSpace: expected `features` to be a dict of columns, received {type(features).__name__}."
            )
        if not features:
            raise ValueError("The `features` argument cannot be None or empty.")
        if output_mode not in ("concat", "dict"):
            raise ValueError(f"FeatureSpace: expected 'concat' or 'dict' as `output_mode`, received {output_mode!r}.")
        self.output_mode, self.crossing_dim = output_mode, crossing_dim
        self.hashing_dim, self.num_discretization_bins = hashing_dim, num_discretization_bins
        self.features = {key: self._feature(key, value) for key, value in features.items()}
        self.crosses = [self._cross(cross) for cross in crosses or ()]
        self.inputs = {key: Input((1,), dtype=one.dtype, name=key) for key, one in self.features.items()}
        self.preprocessors = {key: one.preprocessor for key, one in self.features.items()}
        self.crossers = {cross.name: HashedCrossing(cross.crossing_dim, name=cross.name) for cross in self.crosses}
        self.one_hot_encoders: dict[str, Any] = {}
        self.encoded_features: Any = None
        self.concat = Concatenate(axis=-1)
        self._is_adapted = False

    def _feature(self, name: str, value: Any) -> Feature:
        if isinstance(value, Feature):
            return value
        if isinstance(value, dict):
            return Feature.from_config(value)
        made = {
            "float": lambda: self.float(name),
            "float_normalized": lambda: self.float_normalized(name),
            "float_rescaled": lambda: self.float_rescaled(name=name),
            "float_discretized": lambda: self.float_discretized(self.num_discretization_bins, name=name),
            "integer_categorical": lambda: self.integer_categorical(name=name),
            "string_categorical": lambda: self.string_categorical(name=name),
            "integer_hashed": lambda: self.integer_hashed(self.hashing_dim, name=name),
            "string_hashed": lambda: self.string_hashed(self.hashing_dim, name=name),
        }.get(value)
        if made is None:
            raise ValueError(f"Invalid feature type: {value}. Column '{name}' expected one of FeatureSpace's types.")
        return made()

    def _cross(self, value: Any) -> Cross:
        if isinstance(value, dict):
            return Cross.from_config(value)
        if isinstance(value, Cross):
            return value
        if not self.crossing_dim:
            raise ValueError("FeatureSpace: expected `crossing_dim` beside `crosses`, received none.")
        unknown = sorted(set(value) - set(self.features))
        if unknown:
            raise ValueError(
                "All features referenced in the `crosses` argument should be present in the `features` dict. "
                f"Received unknown features: {unknown}."
            )
        return Cross(value, self.crossing_dim)

    # ---- learning ----------------------------------------------------------------------------------------------------
    def adapt(self, dataset: Any) -> None:
        """Learns the vocabularies, means and bins of the columns that need them.

        Args:
            dataset: a dict of columns; or a `netlet.data.Dataset` (or another iterable) of dicts, single rows or
                batches, which is read once.

        Raises:
            ValueError: neither of these, or a column is missing.
        """
        adapt_columns(self.name, {key: self.preprocessors[key] for key in self._adaptable()}, dataset)
        self._is_adapted = True
        self.encoded_features = None
        self.one_hot_encoders.clear()
        self.get_encoded_features()

    def _adaptable(self) -> list[str]:
        return [key for key, layer in self.preprocessors.items() if needs_adapt(layer)]

    # ---- encoding ----------------------------------------------------------------------------------------------------
    def get_inputs(self) -> dict[str, Any]:
        """The symbolic inputs of a functional model that begins with the raw columns.

        Returns:
            {name of a column: KerasTensor (None, 1) of its dtype}.

        Raises:
            ValueError: before `adapt`, if a column needs it.
        """
        self.get_encoded_features()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """The result as symbols that are computed from `get_inputs()`.

        Returns:
            KerasTensor (None, size) with output_mode="concat", a dict of them with "dict".

        Raises:
            ValueError: before `adapt`, or a column cannot be encoded as asked for.
        """
        if not self._is_adapted and self._adaptable():
            raise ValueError("You need to call `.adapt(dataset)` on the FeatureSpace before you can start using it.")
        self._is_adapted = True
        if self.encoded_features is None:
            self.encoded_features = self._encoded(self.inputs)
            self.built = True
        return self.encoded_features

    def __call__(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Encodes data.

        Args:
            data: dict of columns: arrays or lists (batch,) or (batch, 1), or single values.

        Returns:
            Tensor (batch, size), or a dict of them; without the batch axis for single values.
        """
        if not isinstance(data, dict):
            raise ValueError(f"A FeatureSpace can only be called with a dict. Received: {type(data).__name__}.")
        missing = sorted(set(self.features) - set(data))
        if missing:
            raise ValueError(
                f"Layer '{self.name}': expected the columns {sorted(self.features)}, {missing} are missing."
            )
        self.get_encoded_features()
        columns = {key: as_column(data[key], one.dtype) for key, one in self.features.items()}
        single = any(len(column.shape) == 0 for column in columns.values())
        encoded = self._encoded({key: with_axes(column) for key, column in columns.items()})
        if not single:
            return encoded
        if isinstance(encoded, dict):
            return {key: value[0] if len(value.shape) > 1 else value for key, value in encoded.items()}
        return encoded[0]

    def _encoded(self, columns: dict[str, Any]) -> Any:
        """Preprocesses, crosses and joins columns (batch, 1), arrays or symbols."""
        parts = {key: self.preprocessors[key](column) for key, column in columns.items()}
        crossed = {c.name: self.crossers[c.name]([parts[key] for key in c.feature_names]) for c in self.crosses}
        specs: dict[str, Any] = {**self.features, **{cross.name: cross for cross in self.crosses}}
        out = {}
        for key, value in [*sorted(parts.items()), *sorted(crossed.items())]:
            out[key] = self._one_hot(key, value) if specs[key].output_mode == "one_hot" else value
        if self.output_mode == "dict":
            return out
        for key, value in out.items():
            if str(value.dtype).startswith(("int", "uint", "string")):
                raise ValueError(
                    f"Cannot concatenate features because feature '{key}' has not been encoded (it has dtype "
                    f"{value.dtype}). Consider using `output_mode='dict'`."
                )
        return self.concat(list(out.values())) if len(out) > 1 else next(iter(out.values()))

    def _one_hot(self, key: str, value: Any) -> Any:
        if key not in self.one_hot_encoders:
            layer = self.preprocessors.get(key) or self.crossers[key]
            if not str(value.dtype).startswith("int"):
                raise ValueError(
                    f"Feature '{key}' has `output_mode='one_hot'`. Thus its preprocessor should return an integer "
                    f"dtype. Instead it returns a {value.dtype} dtype."
                )
            size = _number_of_values(layer)
            if size is None:
                raise ValueError(
                    f"Feature '{key}' has `output_mode='one_hot'`, but the number of values that "
                    f"{type(layer).__name__} returns is not known. Try using `output_mode='int'`."
                )
            self.one_hot_encoders[key] = CategoryEncoding(num_tokens=size, output_mode="multi_hot")
        return self.one_hot_encoders[key](value)

    # ---- files -------------------------------------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        return {
            "features": {key: one.get_config() for key, one in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [cross.get_config() for cross in self.crosses],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeatureSpace:
        return cls(**config)

    def get_build_config(self) -> dict[str, Any]:
        """Returns what `build_from_config` needs: whether `adapt` was called."""
        return {"adapted": self._is_adapted}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layers of a FeatureSpace that was adapted, before its weights are loaded."""
        if config.get("adapted"):
            self._is_adapted = True
            self.get_encoded_features()

    def save(self, filepath: Any) -> None:
        """Saves it to a ".netlet" or ".keras" file, which `models.load_model` reads.

        Args:
            filepath: the path.

        Raises:
            ValueError: another file extension, or a preprocessor that cannot be saved.
            OSError: the file cannot be written.
        """
        save_model(self, filepath)


def _number_of_values(layer: Any) -> int | None:
    """How many integers a preprocessing layer can return; None if unknown."""
    if hasattr(layer, "vocabulary_size"):
        return int(layer.vocabulary_size())
    if isinstance(layer, Discretization):
        return layer.num_bins or len(layer.bin_boundaries or ()) + 1
    return getattr(layer, "num_tokens", None) or getattr(layer, "num_bins", None)
