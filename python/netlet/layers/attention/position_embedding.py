"""Where in the sequence an entry stands, as a vector. Keras has no such layers; these are named after keras_hub's."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, initializers, ops

from ..base.elementwise import Elementwise


def _length_and_size(layer: Any, shape: Any) -> tuple[Any, Any]:
    if len(shape) < 2:
        raise ValueError(f"Layer '{layer.name}' expects sequences (..., T, F); given an input of shape {tuple(shape)}.")
    return shape[-2], shape[-1]


class PositionEmbedding(Elementwise):
    """One trained vector for each position: x (..., T, F) -> the first T of them, (..., T, F), to be added to x.

    Args:
        sequence_length: the longest T.
        initializer: of the embeddings (sequence_length, F).

    Call arguments: inputs, start_index=0, the position of the first entry.

    Raises:
        ValueError: start_index + T > sequence_length; an input without an axis of time.

    Source: keras_hub, `layers.PositionEmbedding` (Devlin et al., 2019).

    >>> layer = PositionEmbedding(sequence_length=10)
    >>> layer(np.zeros((2, 4, 8), "float32")).shape, layer.embeddings.shape
    ((2, 4, 8), (10, 8))
    """

    def __init__(self, sequence_length: int, initializer: Any = "glorot_uniform", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if (
            isinstance(sequence_length, bool)
            or not isinstance(sequence_length, (int, np.integer))
            or sequence_length <= 0
        ):
            raise ValueError(f"`sequence_length` must be a positive integer. Received: {sequence_length!r}")
        self.sequence_length = int(sequence_length)
        self.initializer = initializers.get(initializer)

    def build(self, inputs_shape: Any) -> None:
        size = _length_and_size(self, inputs_shape)[1]
        self.embeddings = self.add_weight(
            name="embeddings", shape=(self.sequence_length, size), initializer=self.initializer
        )

    def call(self, inputs: Any, start_index: int = 0) -> Any:
        shape = tuple(inputs.shape)
        length, size = _length_and_size(self, shape)
        if not 0 <= start_index <= self.sequence_length - length:
            raise ValueError(
                f"Layer '{self.name}' knows {self.sequence_length} positions; given {length} from {start_index} on."
            )
        return ops.broadcast_to(ops.slice(self.embeddings, (start_index, 0), (length, size)), shape)

    def get_config(self) -> dict[str, Any]:
        own = {"sequence_length": self.sequence_length, "initializer": initializers.serialize(self.initializer)}
        return {**super().get_config(), **own}


class SinePositionEncoding(Elementwise):
    """A fixed vector for each position: x (..., T, F) -> (..., T, F), to be added to x.

    y[t, 2i] = sin(t / w^(2i / F)), y[t, 2i + 1] = cos(t / w^(2i / F)), w = max_wavelength.

    Args:
        max_wavelength: w, over 2 pi.

    Call arguments: inputs, start_index=0, the position of the first entry.

    Source: Vaswani et al., 2017; keras_hub, `layers.SinePositionEncoding`.

    >>> SinePositionEncoding()(np.zeros((1, 2, 2), "float32")).numpy().round(3)
    array([[[0.   , 1.   ],
            [0.841, 0.54 ]]], dtype=float32)
    """

    def __init__(self, max_wavelength: float = 10000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(max_wavelength, bool) or not max_wavelength > 0:
            raise ValueError(f"`max_wavelength` must be a positive number. Received: {max_wavelength!r}")
        self.max_wavelength = max_wavelength

    def call(self, inputs: Any, start_index: int = 0) -> Any:
        shape = tuple(inputs.shape)
        length, size = _length_and_size(self, shape)
        column = np.arange(size)
        angles = np.arange(start_index, start_index + length)[:, None] / self.max_wavelength ** (column // 2 * 2 / size)
        y = np.where(column % 2, np.cos(angles), np.sin(angles)).astype(self.compute_dtype)
        return ops.broadcast_to(_core.tensor(y), shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_wavelength": self.max_wavelength}
