"""Matches arguments of `compile`, targets and sample weights with the outputs of a model."""

from __future__ import annotations

from typing import Any

from netlet.base.tree import flatten, is_nested, keys_of, pack_like, paths


class Outputs:
    """The outputs of a model: a name for each, and values given for them in any form that Keras accepts.

    Args:
        y_pred: the outputs; their values do not matter, only their structure.
        layer_names: names of the layers that compute the outputs, in the order of `flatten`; None if unknown.

    Attributes:
        names: name of each output, in the order of `flatten`: the keys of a flat dict, else the layers' names, else
            "output_1", "output_2", ...
        known: whether the names are those of layers or keys, so that the logs have them.
        structure: the names in the outputs' structure.
        paths: the keys and indices that lead to each output.
    """

    def __init__(self, y_pred: Any, layer_names: list[str] | None = None) -> None:
        self.paths = paths(y_pred)
        flat = isinstance(y_pred, dict) and len(y_pred) == len(self.paths)
        if flat:
            layer_names = [str(path[-1]) for path in self.paths]
        self.known = layer_names is not None and len(layer_names) == len(self.paths)
        numbered = [f"output_{i + 1}" for i in range(len(self.paths))]
        self.names: list[str] = list(layer_names) if layer_names is not None and self.known else numbered
        self.structure = pack_like(y_pred, list(self.names))

    def __len__(self) -> int:
        return len(self.names)

    def __str__(self) -> str:
        nested = is_nested(self.structure) and len(self.structure) != len(self)
        return str(self.structure if nested else self.names)

    def by_name(self, given: dict[Any, Any], what: str) -> list[Any] | None:
        """The values of a dict by output name, one or None for each output.

        Args:
            given: the dict.
            what: description of `given`, for errors.

        Returns:
            The list; None if the dict has keys of the outputs' structure instead.

        Raises:
            ValueError: an unknown name.
        """
        if isinstance(self.structure, dict) and set(given) <= set(self.structure):
            return None
        unknown = sorted(map(str, set(given) - set(self.names)))
        if unknown:
            raise ValueError(f"{what}: expected names of the outputs {self}, received {unknown}.")
        return [given.get(name) for name in self.names]

    def match(self, given: Any, what: str) -> list[Any]:
        """A value for each output.

        Args:
            given: the outputs' structure with values in place of the outputs, where lists and tuples are the same and a
                dict may lack keys; a list of values in the order of `flatten`; a dict by output name; or one value for
                all outputs. A value for a part of the structure is one for all outputs in it.
            what: description of `given`, for errors.

        Returns:
            List with a value or None for each output. A value is a list where `given` has one at an output's place.

        Raises:
            ValueError: an unknown name or key, or another structure.
        """
        if not is_nested(given):
            return [given] * len(self)
        found = self.by_name(given, what) if isinstance(given, dict) else None
        if found is None:
            found = self._walk(self.structure, given)
        if found is None:
            received = given if isinstance(given, dict) else len(given)
            raise ValueError(f"{what}: expected {len(self)} items for the outputs {self}, received {received}.")
        return found

    def _walk(self, part: Any, given: Any) -> list[Any] | None:
        """The values for the outputs in one part of the structure; None if `given` has another structure."""
        if not is_nested(part):
            return [given]
        count = len(flatten(part))
        if not is_nested(given):
            return [given] * count
        if not isinstance(given, dict):
            if len(given) == count and (len(part) == count or not any(map(is_nested, given))):
                return list(given)
            if isinstance(part, dict) or len(given) != len(part):
                return None
            pairs = list(zip(part, given, strict=True))
        else:
            if not isinstance(part, dict) or not set(given) <= set(part):
                return None
            pairs = [(part[key], given.get(key)) for key in keys_of(part)]
        values: list[Any] = []
        for inner, value in pairs:
            found = self._walk(inner, value)
            if found is None:
                return None
            values += found
        return values

    def match_one(self, given: Any, what: str) -> list[Any]:
        """`match` for arguments with one value for each output; a list around the only value is dropped.

        Raises:
            ValueError: several values for an output.
        """
        if len(self) == 1 and is_nested(given):
            if isinstance(given, dict):
                given = self.match(given, what)
            values = [value for value in flatten(given) if value is not None]
            if len(values) > 1:
                raise ValueError(f"{what}: expected one item for the output {self.names[0]!r}, received {len(values)}.")
            return values or [None]
        found = self.match(given, what)
        for name, value in zip(self.names, found, strict=True):
            if is_nested(value):
                raise ValueError(f"{what}: expected one item for the output {name!r}, received {value!r}.")
        return found

    def match_arrays(self, given: Any, what: str, with_loss: list[int] | None = None) -> list[Any]:
        """Targets or sample weights as one array for each output.

        Args:
            given: arrays in a form of `match`. A list may also have arrays for only those outputs that have a loss.
            what: description of `given`, for errors.
            with_loss: indices of the outputs with a loss, or None.

        Returns:
            List with an array or None for each output.

        Raises:
            ValueError: another number of arrays, or an unknown name.
        """
        leaves = flatten(given)
        if with_loss and len(leaves) == len(with_loss) != len(self) and not isinstance(given, dict):
            by_output = dict(zip(with_loss, leaves, strict=True))
            return [by_output.get(i) for i in range(len(self))]
        if not is_nested(given) and len(self) > 1:
            raise ValueError(f"{what}: expected {len(self)} arrays, one for each of the outputs {self}, received 1.")
        return self.match_one(given, what)

    def match_weights(self, sample_weight: Any, with_loss: list[int] | None = None) -> list[Any]:
        """Sample weights as one array for each output; one array is for all outputs."""
        if not is_nested(sample_weight):
            return [sample_weight] * len(self)
        return self.match_arrays(sample_weight, "sample_weight", with_loss)
