"""Base of layers over spatial axes that have no weights (pooling, padding, cropping, upsampling)."""

from __future__ import annotations

from typing import Any, ClassVar

from netlet.engine.graph import KerasTensor
from netlet.ops.spatial.data_format import standardize

from .image_spec import ImageSpec
from .layer import Layer


class Spatial(Layer):
    """Base of layers without weights over `rank` spatial axes: data format and output shape.

    A subclass computes the output's spatial dimensions in `_extents`. If `_floating` is set, the output has the layer's
    compute dtype; otherwise it has the dtype of the input, which may be an integer.

    Args:
        data_format: "channels_last" or "channels_first"; None: "channels_last".
        **kwargs: the arguments of `Layer`.
    """

    rank: ClassVar[int]
    _floating: ClassVar[bool] = False

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize(data_format)
        self.input_spec = ImageSpec(self.rank, self.data_format)

    @property
    def _first(self) -> int:
        """The first spatial axis."""
        return 1 if self.data_format == "channels_last" else 2

    def _extents(self, extents: tuple[int | None, ...], input_shape: Any) -> tuple[int | None, ...]:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        first, shape = self._first, tuple(input_shape)
        end = first + self.rank
        return (*shape[:first], *self._extents(shape[first:end], shape), *shape[end:])

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        x = args[0] if args else kwargs["inputs"]
        return KerasTensor(self.compute_output_shape(x.shape), self.compute_dtype if self._floating else x.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}
