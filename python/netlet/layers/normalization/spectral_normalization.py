"""SpectralNormalization: a wrapper that scales a layer's kernel to a largest singular value of about 1."""

from __future__ import annotations

from typing import Any

from netlet import initializers, ops

from ..base.input_spec import InputSpec
from ..base.wrapper import Wrapper


class SpectralNormalization(Wrapper):
    """Divides the kernel of `layer` by an estimate of its largest singular value at each call while training.

    The estimate comes from `power_iterations` steps of the power method, which start from the previous call's vector,
    the weight `vector_u` (1, last dimension of the kernel). The kernel is reshaped to a matrix (product of the other
    dimensions, last dimension); a kernel of zeros is not changed. Gradients are computed at the divided kernel. Input
    and output shapes are those of `layer`.

    Args:
        layer: a layer with a weight `kernel` or `embeddings`.
        power_iterations: steps of the power method in each call, a positive integer; 1 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: power_iterations is not positive; the layer has no `kernel` and no `embeddings`.

    Source: Miyato et al., 2018; Keras 3, `keras.layers.SpectralNormalization`.

    >>> import numpy as np
    >>> from netlet import layers
    >>> layer = SpectralNormalization(layers.Dense(3), power_iterations=100)
    >>> _ = layer(np.ones((2, 4), "float32"), training=True)
    >>> bool(abs(np.linalg.norm(layer.layer.kernel.numpy(), 2) - 1) < 1e-3)
    True
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if power_iterations <= 0:
            raise ValueError(
                f"SpectralNormalization: expected `power_iterations` above 0, received {power_iterations!r}."
            )
        self.power_iterations = power_iterations

    def build(self, input_shape: Any) -> None:  # type: ignore[override]
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        kernel = getattr(self.layer, "kernel", None)
        if kernel is None:
            kernel = getattr(self.layer, "embeddings", None)
        if kernel is None:
            raise ValueError(f"{type(self.layer).__name__} object has no attribute 'kernel' nor 'embeddings'.")
        self.kernel = kernel
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            dtype=kernel.dtype,
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            vector_u, kernel = self.normalized_weights()
            empty = ops.logical_not(ops.any(self.kernel))
            self.vector_u.assign(ops.where(empty, self.vector_u, vector_u))
            self.kernel.assign(ops.where(empty, self.kernel, kernel))
        return self.layer(inputs)

    def normalized_weights(self) -> tuple[Any, Any]:
        """Computes the normalized kernel; the layer's weights do not change.

        Returns:
            (vector_u, kernel): the vector (1, last dimension of the kernel) after the power iterations, and the kernel
                divided by the estimate of its largest singular value.
        """
        kernel = ops.stop_gradient(self.kernel)
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        u = ops.stop_gradient(self.vector_u)
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(matrix)), axis=None)
            u = ops.normalize(ops.matmul(v, matrix), axis=None)
        sigma = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        return u, ops.divide(kernel, ops.reshape(sigma, ()))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}
