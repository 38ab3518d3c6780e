"""WeightOnly: base of layers that store their weights as codes of 8 or 4 bits and compute with floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from netlet import _core, ops

from ..base.quantized_layer import QuantizedLayer
from .int4_codes import grouped_codes, pack

_reader: ContextVar[Callable[[Any, str], Any] | None] = ContextVar("netlet_coded_weight_reader", default=None)


@contextmanager
def reading_codes(read: Callable[[Any, str], Any]) -> Iterator[None]:
    """Context manager: inside, reading a `CodedWeight` returns `read(layer, name)` instead of the float weight.

    Args:
        read: the function.
    """
    token = _reader.set(read)
    try:
        yield
    finally:
        _reader.reset(token)


class CodedWeight:
    """An attribute for a weight that is stored as codes: reading it computes the float weight.

    In a plan for inference that is a prepacked record, which runs once, so the layer is as fast as with float weights.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        if layer is None:
            return self
        if self.name not in vars(layer):
            raise AttributeError(f"Layer '{layer.name}' has no '{self.name}' yet: it is not built. Call it first.")
        read = _reader.get()
        return layer._floats(self.name) if read is None else read(layer, self.name)

    def __set__(self, layer: Any, codes: Any) -> None:
        vars(layer)[self.name] = codes


class WeightOnly(QuantizedLayer):
    """Base of a layer with coded weights, in front of the float class: `class WeightOnlyDense(WeightOnly, Dense)`.

    A subclass has a `CodedWeight` for each name in `_coded`, the float class's `call`, and `_summed_axes`.

    8 bits: the codes have the weight's shape, and each output channel has a scale. 4 bits: the weight is seen as a
    matrix (K, N) of the K weights of each of N outputs. The codes are packed along its last axis, as Keras packs them;
    groups of rows share a row of scales and zero points.

    Args:
        *args: those of the float class.
        quantization_config: an `Int8Config(activations=None)`, an `Int4Config`, or its serialized form.
        **kwargs: those of the float class.
    """

    _float_shapes: dict[str, tuple[int, ...]]  # of the coded weights

    # ---- building --------------------------------------------------------------------------------------------------
    def build(self, input_shape: Any = None) -> None:
        object.__setattr__(self, "_float_shapes", {})
        super(QuantizedLayer, self).build(input_shape)
        for name, shape in self._float_shapes.items():
            scales, zeros = self._scale_shape(name, shape), self._zero_dtype()
            setattr(self, f"{name}_scale", self._constant(f"{name}_scale", scales, "float32", "ones"))
            zero = None if zeros is None else self._constant(f"{name}_zero_point", scales, zeros)
            setattr(self, f"{name}_zero_point", zero)

    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """A weight of the float class: codes if its name is in `_coded`; without training in any case."""
        name = kwargs.get("name")
        if name in self._coded:
            shape = tuple(kwargs["shape"])
            self._float_shapes[name] = shape
            kwargs["shape"] = self._stored_shape(name, shape)
        return super().add_weight(*args, **kwargs)

    @property
    def _group_size(self) -> int | None:
        """Weights that share a scale, with 4-bit weights; None: all of an output."""
        return getattr(self._quantization_config, "group_size", None)

    @property
    def _bits(self) -> int:
        return 4 if self._quantization_config.mode == "int4" else 8

    def _zero_dtype(self) -> str | None:
        config = self._quantization_config
        return "int8" if self._bits == 4 or config.weights == "zeropoint" else None

    def _matrix(self, name: str, shape: tuple[int, ...]) -> tuple[int, int]:
        """(K, N): weights of an output, and outputs."""
        terms = math.prod(shape[axis] for axis in self._summed_axes(name, shape))
        return terms, math.prod(shape) // max(1, terms)

    def _stored_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self._bits == 8:
            return shape
        terms, outputs = self._matrix(name, shape)
        return terms, -(-outputs // 2)

    def _scale_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self._bits == 8:
            return self._channels(name, shape) if self._quantization_config.per_channel else ()
        terms, outputs = self._matrix(name, shape)
        return -(-terms // (self._group_size or max(1, terms))), outputs

    # ---- codes and floats ------------------------------------------------------------------------------------------
    def _codes_of(self, name: str) -> tuple[Any, Any, Any]:
        return vars(self)[name], getattr(self, f"{name}_scale"), getattr(self, f"{name}_zero_point")

    def _floats(self, name: str) -> Any:
        """The float weight, of the shape that the float class knows."""
        if self._bits == 8:
            return super()._floats(name)
        shape = self._float_shapes[name]
        codes, scale, zero = self._codes_of(name)
        terms, outputs = self._matrix(name, shape)
        matrix = dequantized(_core.unpack_int4(codes, 1, outputs), scale, zero, self._group_size or terms)
        order = self._matrix_order(name, shape)
        w = ops.reshape(matrix, [shape[axis] for axis in order])
        return w if order == sorted(order) else ops.transpose(w, np.argsort(order).tolist())

    def coded_weight(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        if self._bits == 8:
            return super().coded_weight(name)
        shape = self._float_shapes[name]
        codes, scale, zero = self._codes_of(name)
        terms, outputs = self._matrix(name, shape)
        of_row = np.arange(terms) // (self._group_size or max(1, terms))
        parts = _core.unpack_int4(codes, 1, outputs).numpy(), scale.numpy()[of_row], zero.numpy()[of_row]
        order = self._matrix_order(name, shape)
        first, second, third = (p.reshape([shape[a] for a in order]).transpose(np.argsort(order)) for p in parts)
        return first, second, third

    def _matrix_order(self, name: str, shape: tuple[int, ...]) -> list[int]:
        """The weight's axes in the order of the matrix: those that are summed first."""
        summed = self._summed_axes(name, shape)
        return [*summed, *(axis for axis in range(len(shape)) if axis not in summed)]

    def _set_codes(self, name: str, value: Any) -> None:
        if self._bits == 8:
            return super()._set_codes(name, value)
        codes, scale, zero = self._codes_of(name)
        value = np.asarray(value, "float32")
        terms, outputs = self._matrix(name, value.shape)
        matrix = value.transpose(self._matrix_order(name, value.shape)).reshape(terms, outputs)
        q, scales, zeros = grouped_codes(matrix, self._group_size or terms)
        codes.assign(pack(q, 1))
        scale.assign(scales)
        zero.assign(zeros)


def dequantized(codes: Any, scale: Any, zero: Any, group: int) -> Any:
    """(codes - zero) * scale of a matrix whose rows share scales in groups.

    Args:
        codes: int8 (K, N).
        scale: float32 (ceil(K / group), N).
        zero: int8 of the same shape.
        group: rows of a group; the last group may have fewer.
    """
    rows, columns = codes.shape
    if columns > 1 or rows % group == 0:
        return _core.dequantize_groups(codes, scale, zero, group)
    of_row = [v if v is None else ops.repeat(v, group, axis=0)[:rows] for v in (scale, zero)]
    return _core.dequantize_zeropoint(codes, *of_row)


def all_but(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """The other axes of an array.

    >>> all_but([-1], 3)
    (0, 1)
    """
    kept = {axis % rank for axis in axes}
    return tuple(axis for axis in range(rank) if axis not in kept)
