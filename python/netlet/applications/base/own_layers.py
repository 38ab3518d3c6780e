"""Layers that only these architectures have, under Keras's names, so that its files can be read and written."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.initializers import Constant
from netlet.layers import Layer
from netlet.random import SeedGenerator, uniform

__all__ = ["CustomScaleLayer", "LayerScale", "StochasticDepth"]


class LayerScale(Layer):
    """Multiplies each channel by a trained factor.

    Args:
        init_values: the factors at the start.
        projection_dim: number of channels, the last axis of the input.
        **kwargs: the arguments of `Layer`.

    Source: Touvron et al., 2021, "Going deeper with Image Transformers".

    >>> import numpy as np
    >>> LayerScale(0.5, 2)(np.ones((1, 2), "float32")).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, init_values: float, projection_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.init_values = init_values
        self.projection_dim = projection_dim
        self.gamma: Any = None

    def build(self, input_shape: Any) -> None:
        self.gamma = self.add_weight(
            name="gamma", shape=(self.projection_dim,), initializer=Constant(self.init_values), trainable=True
        )

    def call(self, inputs: Any) -> Any:
        return ops.multiply(inputs, self.gamma)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "init_values": self.init_values, "projection_dim": self.projection_dim}


class StochasticDepth(Layer):
    """Sets whole samples to 0 while training and scales the others, so that the mean is kept.

    Args:
        drop_path_rate: probability that a sample is dropped.
        **kwargs: the arguments of `Layer`.

    Source: Huang et al., 2016, "Deep Networks with Stochastic Depth".

    >>> import numpy as np
    >>> StochasticDepth(0.2)(np.ones((1, 2), "float32"), training=False).numpy()
    array([[1., 1.]], dtype=float32)
    """

    def __init__(self, drop_path_rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.drop_path_rate = drop_path_rate
        self.seed_generator = SeedGenerator()

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or not self.drop_path_rate:
            return inputs
        keep = 1.0 - self.drop_path_rate
        shape = (inputs.shape[0], *(1,) * (len(inputs.shape) - 1))
        draws = uniform(shape, 0.0, 1.0, inputs.dtype, self.seed_generator)
        kept = ops.cast(ops.less(draws, keep), inputs.dtype)
        return ops.multiply(ops.multiply(inputs, 1.0 / keep), kept)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "drop_path_rate": self.drop_path_rate}


class CustomScaleLayer(Layer):
    """Adds the second input, multiplied by a fixed factor, to the first.

    Args:
        scale: the factor.
        **kwargs: the arguments of `Layer`.

    Source: Szegedy et al., 2016, "Inception-v4, Inception-ResNet", section 3.3.

    >>> import numpy as np
    >>> CustomScaleLayer(0.5)([np.ones(2, "float32"), np.ones(2, "float32")]).numpy()
    array([1.5, 1.5], dtype=float32)
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        return ops.add(inputs[0], ops.multiply(inputs[1], self.scale))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}
