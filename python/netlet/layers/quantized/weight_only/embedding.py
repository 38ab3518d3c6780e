"""WeightOnlyEmbedding: a table of vectors that is stored as codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, ops

from ...core.embedding import Embedding
from ..base.quantized_layer import values_of
from .int4_codes import grouped_codes, pack
from .products import for_weights
from .weight_only_layer import CodedWeight, WeightOnly


@for_weights(Embedding)
class WeightOnlyEmbedding(WeightOnly, Embedding):
    """An Embedding whose table is stored as codes of 8 or 4 bits. Only the rows that are looked up become floats.

    Each row has a scale (with 4 bits: one for each group of a row, and zero points). With 4 bits, the codes of a row
    are packed along the row.

    Args:
        *args, **kwargs: those of `Embedding`, and `quantization_config`.
    """

    _coded = ("embeddings",)
    _embeddings = CodedWeight()
    embeddings_scale: Any
    embeddings_zero_point: Any

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (1,)

    def _codes_of(self, name: str) -> tuple[Any, Any, Any]:
        return vars(self)["_embeddings"], self.embeddings_scale, self.embeddings_zero_point

    def _stored_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape if self._bits == 8 else (shape[0], -(-shape[1] // 2))

    def _scale_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self._bits == 8:
            return super()._scale_shape(name, shape)
        return shape[0], -(-shape[1] // self._row_group)

    @property
    def _row_group(self) -> int:
        return min(self._group_size or self.output_dim, self.output_dim)

    def _floats(self, name: str) -> Any:
        return self._rows(lambda table: table)

    def coded_weight(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        if self._bits == 8:
            return super().coded_weight(name)
        codes, scale, zero = self._codes_of(name)
        of_column = np.arange(self.output_dim) // self._row_group
        unpacked = _core.unpack_int4(codes, 1, self.output_dim).numpy()
        return unpacked, scale.numpy()[:, of_column], zero.numpy()[:, of_column]

    def _vectors(self, index: Any) -> Any:
        return self._rows(lambda table: ops.take(table, index, axis=0))

    def _rows(self, chosen: Any) -> Any:
        """The float vectors of some rows: `chosen` picks them of the codes, the scales and the zero points."""
        codes, scale, zero = self._codes_of("embeddings")
        codes = chosen(codes)
        if self._bits == 8:
            if scale.shape:
                scale, zero = (None if v is None else ops.expand_dims(chosen(v), -1) for v in (scale, zero))
            return values_of(codes, scale, zero)
        scale, zero = chosen(scale), chosen(zero)
        if self.output_dim % self._row_group:
            scale, zero = (ops.repeat(v, self._row_group, axis=-1)[..., : self.output_dim] for v in (scale, zero))
        codes = _core.unpack_int4(codes, len(codes.shape) - 1, self.output_dim)
        return values_of(codes, scale, zero)

    def _set_codes(self, name: str, value: Any) -> None:
        if self._bits == 8:
            return super()._set_codes(name, value)
        codes, scale, zero = self._codes_of(name)
        q, scales, zeros = grouped_codes(np.asarray(value, "float32").T, self._row_group)
        codes.assign(pack(q.T, 1))
        scale.assign(scales.T)
        zero.assign(zeros.T)
