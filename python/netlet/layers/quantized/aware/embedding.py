"""AwareEmbedding: a table of vectors that trains with the codes of its rows."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops

from ...core.embedding import Embedding
from .aware_layer import AwareLayer, trains


@trains(Embedding)
class AwareEmbedding(AwareLayer, Embedding):
    """An Embedding that trains with the codes of `WeightOnlyEmbedding`. Only the rows that are looked up are rounded.

    Args:
        *args, **kwargs: those of `Embedding`, and `quantization_config`.
    """

    _coded = ("embeddings",)

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return Embedding.call(self, inputs)

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (1,)

    def _set_codes(self, name: str, value: Any) -> None:
        self.embeddings.assign(value)

    def _vectors(self, index: Any) -> Any:
        config = self._quantization_config
        if not config.per_channel:
            return ops.take(self._weight_hat("embeddings"), index, axis=0)
        rows = ops.take(self.embeddings, index, axis=0)
        axes = [len(rows.shape) - 1]
        if config.weights == "absmax":
            return _core.fake_quantize_absmax(rows, axes, 0)
        return _core.fake_quantize_zeropoint(rows, "int8", axes, 0)
