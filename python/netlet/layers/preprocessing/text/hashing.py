"""Hashing: anything to one of a few numbers, without a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, config

from .fingerprint import hasher
from .host import HostLayer, check_mode, check_salt, check_sparse, vectors
from .tokens import Integers, Texts, as_array, holds_texts


class Hashing(HostLayer):
    """Strings or integers to bins in [0, num_bins), by a hash that is the same everywhere.

    FarmHash's Fingerprint64, or SipHash-2-4 with a salt, of the string (of an integer's decimal digits), modulo the
    number of bins: the numbers of Keras and TensorFlow. The layer runs in Python: call it on data, or put it at the
    front of a Sequential.

    Args:
        num_bins: the number of bins, that for masks included.
        mask_value: what goes to bin 0, which is then left to it alone.
        salt: the key of SipHash, two integers, or one for both.
        output_mode: "int", or vectors of length `num_bins`: "one_hot", "multi_hot", "count"; see StringLookup.
        sparse: only False.
        dtype: of the output: "int64" or "int32" with "int", else a float type.

    Raises:
        ValueError: arguments that do not fit each other, input that is neither text nor numbers.

    Source: Keras 3 `Hashing`.

    >>> Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]).numpy().ravel()
    array([1, 0, 1, 1, 2])
    >>> Hashing(num_bins=3, salt=[133, 137])([["A"], ["B"], ["C"], ["D"], ["E"]]).numpy().ravel()
    array([1, 2, 1, 0, 2])
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else config.floatx()
        super().__init__(**kwargs)
        if num_bins is None or num_bins <= 0:
            raise ValueError(
                f"The `num_bins` for `Hashing` cannot be `None` or non-positive values; given num_bins={num_bins}."
            )
        mode = check_mode("Hashing", output_mode, ("int", "one_hot", "multi_hot", "count"))
        if mode == "int" and self.compute_dtype not in ("int32", "int64"):
            raise ValueError(
                'Hashing: When `output_mode="int"`, `dtype` should be an integer type, "int32" or "int64"; given '
                f"{self.compute_dtype!r}."
            )
        check_sparse("Hashing", sparse, mode)
        self.num_bins, self.mask_value, self.output_mode, self.sparse = int(num_bins), mask_value, mode, sparse
        self.salt = check_salt("Hashing", salt)

    def call(self, inputs: Any) -> Any:
        keys, masked, shape = self._keys(inputs)
        bins = self.num_bins
        if self.mask_value is not None and bins > 1:
            bins -= 1
        numbers = {key: hashed % bins for key, hashed in _hashes(keys, self.salt)}
        ids = np.array([numbers[key] for key in keys], np.int64)
        if bins < self.num_bins:
            ids = np.where(masked, 0, ids + 1)
        if self.output_mode == "int":
            return _core.as_tensor(ids.reshape(shape).astype(self.compute_dtype))
        return _core.as_tensor(vectors(ids, shape, self.output_mode, self.num_bins, self.compute_dtype))

    def _keys(self, inputs: Any) -> tuple[list[bytes], Any, tuple[int, ...]]:
        """What is hashed, which of it is `mask_value`, and the shape."""
        if holds_texts(inputs):
            kind = Texts()
            keys, shape = kind.read(inputs)
            mask = None if self.mask_value is None else kind.token(self.mask_value)
            return keys, [key == mask for key in keys], shape
        array = as_array(inputs)
        if self.mask_value is not None and isinstance(self.mask_value, (str, bytes)):
            raise ValueError(f"`mask_value` is {self.mask_value!r}; given an array of dtype {array.dtype}.")
        masked = np.reshape(array == self.mask_value, -1) if self.mask_value is not None else False
        if array.dtype.kind == "f":
            if not (np.abs(array) < 2**63).all():
                raise ValueError("floats are hashed as integers; given some that are NaN, or too large for int64.")
            array = array.astype(np.int64)
        flat, shape = Integers().read(array)
        return [b"%d" % number for number in flat.tolist()], masked, shape

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = tuple(input_shape)
        if self.output_mode == "int":
            return shape
        if self.output_mode == "one_hot" and not (len(shape) > 1 and shape[-1] == 1):
            return (*shape, self.num_bins)
        return (*shape[:-1], self.num_bins)

    def _output_dtype(self) -> str:
        return self.compute_dtype

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "salt": None if self.salt is None else list(self.salt),
            "mask_value": self.mask_value,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }


def _hashes(keys: list[bytes], salt: list[int] | None) -> list[tuple[bytes, int]]:
    hashed = hasher(salt)
    return [(key, hashed(key)) for key in set(keys)]
