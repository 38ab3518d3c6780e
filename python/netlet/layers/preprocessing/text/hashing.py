"""Hashing: maps strings or integers to a fixed number of bins, without a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, config

from .fingerprint import hasher
from .host import HostLayer, check_mode, check_salt, check_sparse, vectors
from .tokens import Integers, Texts, as_array, holds_texts


class Hashing(HostLayer):
    """Maps strings or integers to bins in [0, num_bins) with a hash that is equal on every machine.

    The bin is the FarmHash Fingerprint64 (SipHash-2-4 if there is a salt) of the string, or of an integer's decimal
    digits, modulo the number of bins, as in Keras and TensorFlow. Input of any shape; output of the same shape with
    "int", else vectors. The layer runs in Python: call it on data, or put it first in a Sequential.

    Args:
        num_bins: the number of bins, including bin 0 for `mask_value`; a positive integer.
        mask_value: value that maps to bin 0, which no other value then uses; None (the default): no such value.
        salt: key of SipHash, two integers, or one for both; None (the default): FarmHash.
        output_mode: "int" (the default), or vectors of length `num_bins`: "one_hot", one for each value; and one for
            each sample (the last axis): "multi_hot", 1 for each bin that occurs; "count", how often it occurs.
        sparse: only False, the default, is supported.
        **kwargs: the arguments of `Layer`. `dtype` is that of the output: "int64" (the default) or "int32" with "int",
            else a float type.

    Raises:
        ValueError: invalid or conflicting arguments; an input that is neither text nor integers.
        NotImplementedError: sparse=True.

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
                f"The `num_bins` for `Hashing` cannot be `None` or non-positive values; received num_bins={num_bins}."
            )
        mode = check_mode("Hashing", output_mode, ("int", "one_hot", "multi_hot", "count"))
        if mode == "int" and self.compute_dtype not in ("int32", "int64"):
            raise ValueError(
                'Hashing: When `output_mode="int"`, `dtype` should be an integer type, "int32" or "int64"; received '
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
        """The bytes to hash, which of the values equal `mask_value`, and the input's shape."""
        if holds_texts(inputs):
            kind = Texts()
            keys, shape = kind.read(inputs)
            mask = None if self.mask_value is None else kind.token(self.mask_value)
            return keys, [key == mask for key in keys], shape
        array = as_array(inputs)
        if self.mask_value is not None and isinstance(self.mask_value, (str, bytes)):
            raise ValueError(
                f"expected texts, as `mask_value` {self.mask_value!r}, received an array of dtype {array.dtype}."
            )
        masked = np.reshape(array == self.mask_value, -1) if self.mask_value is not None else False
        if array.dtype.kind == "f":
            if not (np.abs(array) < 2**63).all():
                raise ValueError(
                    "expected floats that fit int64 (they are hashed as integers), received NaN or too large ones."
                )
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
