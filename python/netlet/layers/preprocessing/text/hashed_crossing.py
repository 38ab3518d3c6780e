"""HashedCrossing: joins several categorical features to one, by hashing."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, config
from netlet.engine.graph import KerasTensor

from .fingerprint import farmhash64
from .host import HostLayer, check_sparse, vectors
from .tokens import Integers, Texts, as_array, holds_texts

_KEY = 0xDECAFCAFFE  # TensorFlow's key for crosses
_FACTOR = 0xC6A4A7935BD1E995
_MASK = (1 << 64) - 1


class HashedCrossing(HostLayer):
    """Maps combinations of values of several features to bins in [0, num_bins).

    Bin = (TensorFlow's fingerprint of the features, one after the other) modulo num_bins, where a text counts by its
    FarmHash Fingerprint64 and an integer by itself. Inputs: a list of two or more features of the same shape (), (N,)
    or (N, 1). Output of that shape with "int", else (N, num_bins). The layer runs in Python: call it on data, or use it
    at the front of a model.

    Args:
        num_bins: number of bins, a positive integer.
        output_mode: "int" (default) for the bins, "one_hot" for vectors.
        sparse: only False, the default, is supported.
        name: name of the layer; None (the default): "hashed_crossing", numbered.
        dtype: of the output: default "int64" with "int", else a float type.
        **kwargs: accepted for compatibility with Keras.

    Raises:
        ValueError: invalid arguments; less than two inputs, of different shapes, of another rank, or neither texts nor
            integers.
        NotImplementedError: sparse=True.

    Source: Keras 3 `HashedCrossing`; TensorFlow's `tf.sparse.cross_hashed`.

    >>> layer = HashedCrossing(num_bins=5)
    >>> layer((np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102]))).numpy()
    array([1, 4, 1, 1, 3])
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        if dtype is None:
            dtype = "int64" if output_mode == "int" else config.floatx()
        super().__init__(name=name, dtype=dtype)
        if isinstance(num_bins, bool) or not isinstance(num_bins, (int, np.integer)) or num_bins < 1:
            raise ValueError(f"HashedCrossing: expected a positive integer as `num_bins`, received {num_bins!r}.")
        if output_mode not in ("int", "one_hot"):
            raise ValueError(f"HashedCrossing: expected 'int' or 'one_hot' as `output_mode`, received {output_mode!r}.")
        check_sparse("HashedCrossing", sparse, output_mode)
        self.num_bins, self.output_mode, self.sparse = int(num_bins), output_mode, sparse

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError(f"expected a list or tuple of at least two inputs, received {type(inputs).__name__}.")
        features = [_numbers(feature) for feature in inputs]
        shapes = {shape for _, shape in features}
        shape = features[0][1]
        if len(shapes) > 1 or len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
            raise ValueError(
                f"expected inputs of one shape (), (batch,) or (batch, 1), received {[s for _, s in features]}."
            )
        hashed = []
        for values in zip(*(numbers for numbers, _ in features)):
            result = _KEY
            for value in values:
                result = _joined(result, value)
            hashed.append(result % self.num_bins)
        bins = np.array(hashed, np.int64)
        if self.output_mode == "int":
            return _core.as_tensor(bins.reshape(shape).astype(self.compute_dtype))
        return _core.as_tensor(
            vectors(bins, shape, "one_hot", self.num_bins, self.compute_dtype).reshape(*shape[:1], self.num_bins)
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = [tuple(shape) for shape in input_shape]
        if len(shapes) < 2 or len(set(shapes)) > 1:
            raise ValueError(f"HashedCrossing: expected two or more inputs of one shape, received {input_shape}.")
        return shapes[0] if self.output_mode == "int" else (*shapes[0][:1], self.num_bins)

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> KerasTensor:
        return KerasTensor(self.compute_output_shape([t.shape for t in inputs]), dtype=self._output_dtype())

    def _output_dtype(self) -> str:
        return self.compute_dtype

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }


def _numbers(feature: Any) -> tuple[list[int], tuple[int, ...]]:
    """(a number below 2**64 for each value, shape)."""
    if holds_texts(feature):
        keys, shape = Texts().read(feature)
        known = {key: farmhash64(key) for key in set(keys)}
        return [known[key] for key in keys], shape
    array = as_array(feature)
    if array.dtype.kind not in "iub":
        raise ValueError(f"expected texts or integers, received an array of dtype {array.dtype}.")
    flat, shape = Integers().read(array)
    return [number & _MASK for number in flat.tolist()], shape


def _joined(first: int, second: int) -> int:
    """TensorFlow's FingerprintCat64: the fingerprint of two parts one after the other."""
    product = (second * _FACTOR) & _MASK
    result = first ^ _FACTOR ^ (((product ^ (product >> 47)) * _FACTOR) & _MASK)
    result = (result * _FACTOR) & _MASK
    result = ((result ^ (result >> 47)) * _FACTOR) & _MASK
    return result ^ (result >> 47)
