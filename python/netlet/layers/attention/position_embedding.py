"""Position embeddings, trained and sinusoidal. Keras has none; the names are those of keras_hub."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, initializers, ops

from ..base.elementwise import Elementwise


def _length_and_size(layer: Any, shape: Any) -> tuple[Any, Any]:
    if len(shape) < 2:
        raise ValueError(f"Layer '{layer.name}': expected sequences (..., T, F), received shape {tuple(shape)}.")
    return shape[-2], shape[-1]


class PositionEmbedding(Elementwise):
    """Trained position embeddings: one vector for each position, to be added to the input.

    Input x (..., T, F); output (..., T, F), the vectors of positions start_index to start_index + T - 1.

    Args:
        sequence_length: the largest T, a positive integer.
        initializer: of the embeddings (sequence_length, F); "glorot_uniform" by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: inputs; start_index=0, the position of the first step.

    Raises:
        ValueError: sequence_length is not a positive integer; start_index + T > sequence_length; an input of rank 1.

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
                f"Layer '{self.name}': expected positions 0 to {self.sequence_length - 1}, received {length} "
                f"positions from {start_index}."
            )
        return ops.broadcast_to(ops.slice(self.embeddings, (start_index, 0), (length, size)), shape)

    def get_config(self) -> dict[str, Any]:
        own = {"sequence_length": self.sequence_length, "initializer": initializers.serialize(self.initializer)}
        return {**super().get_config(), **own}


class SinePositionEncoding(Elementwise):
    """Sinusoidal position encoding: a fixed vector for each position, to be added to the input.

    Input x (..., T, F), output (..., T, F):
    y[t, 2i] = sin(t / w^(2i / F)), y[t, 2i + 1] = cos(t / w^(2i / F)), w = max_wavelength.

    Args:
        max_wavelength: w, the largest wavelength divided by 2 pi; 10000 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: inputs; start_index=0, the position of the first step.

    Raises:
        ValueError: max_wavelength is not positive; an input of rank 1.

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
