"""Matches arguments of `compile`, targets and sample weights with the outputs of a model."""

from __future__ import annotations

from typing import Any

from netlet.base.tree import flatten, is_nested, pack_like, paths


class Outputs:
    """The outputs of a model: a name for each, and values given for them in any form that Keras accepts.

    Args:
        y_pred: the outputs; their values do not matter, only their structure.
        layer_names: names of the layers that compute the outputs, in the order of `flatten`; None if unknown.

    Attributes:
        names: name of each output, in the order of `flatten`: the keys of a flat dict, else the layers' names, else
            "output_1", "output_2", ...
        labels: name of each output's loss in the logs, without "_loss": the path to it in the structure, where the
            output's name replaces its index in a list.
    """

    def __init__(self, y_pred: Any, layer_names: list[str] | None = None) -> None:
        places = paths(y_pred)
        if layer_names is None or len(layer_names) != len(places):
            layer_names = [f"output_{i + 1}" for i in range(len(places))]
        flat = isinstance(y_pred, dict) and len(y_pred) == len(places)
        self.names = [str(path[-1]) for path in places] if flat else list(layer_names)
        self.labels = [
            "/".join(map(str, path if path and not isinstance(path[-1], int) else (*path[:-1], name)))
            for path, name in zip(places, self.names, strict=True)
        ]
        self.structure = pack_like(y_pred, list(self.names))

    def __len__(self) -> int:
        return len(self.names)

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
        if isinstance(given, dict) and not (isinstance(self.structure, dict) and set(given) <= set(self.structure)):
            unknown = sorted(map(str, set(given) - set(self.names)))
            if unknown:
                raise ValueError(f"{what}: expected names of the outputs {self._expected()}, received {unknown}.")
            return [given.get(name) for name in self.names]
        found = self._walk(self.structure, given)
        if found is None:
            received = len(given) if isinstance(given, (list, tuple)) else given
            raise ValueError(
                f"{what}: expected {len(self)} items for the outputs {self._expected()}, received {received}."
            )
        return found

    def _expected(self) -> Any:
        """The names of the outputs in their structure, for errors."""
        nested = is_nested(self.structure) and len(self.structure) != len(self)
        return self.structure if nested else self.names

    def _walk(self, part: Any, given: Any) -> list[Any] | None:
        """The values for the outputs in one part of the structure; None if `given` has another structure."""
        if not is_nested(part):
            return [given]
        count = len(flatten(part))
        if not is_nested(given):
            return [given] * count
        if isinstance(given, (list, tuple)):
            as_listed = len(part) == count or not any(map(is_nested, given))
            if len(given) == count and as_listed:
                return list(given)
            if isinstance(part, dict) or len(given) != len(part):
                return None
            pairs = list(zip(part, given, strict=True))
        else:
            if not isinstance(part, dict) or not set(given) <= set(part):
                return None
            pairs = [(part[key], given.get(key)) for key in sorted(part)]
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
        if len(self) == 1 and isinstance(given, (list, tuple)):
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
            raise ValueError(
                f"{what}: expected {len(self)} arrays, one for each of the outputs {self._expected()}, received 1."
            )
        return self.match_one(given, what)

    def match_weights(self, sample_weight: Any, with_loss: list[int] | None = None) -> list[Any]:
        """Sample weights as one array for each output; one array is for all outputs."""
        if not is_nested(sample_weight):
            return [sample_weight] * len(self)
        return self.match_arrays(sample_weight, "sample_weight", with_loss)
