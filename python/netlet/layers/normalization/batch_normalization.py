"""BatchNormalization: normalizes by batch statistics while training, and by moving ones at inference."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core, activations, config, initializers, ops
from netlet.ops.nn.normalization import normalize_batch

from ..base.input_spec import InputSpec
from .along_axes import Scaled
from .whole_batch import counts_whole_batch, moments_of_batch


class BatchNormalization(Scaled):
    """Batch normalization: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta for each channel.

    Input and output have the same shape (N, ..., C). While training, mean and variance are those of the batch, over all
    axes but `axis`, and moving = moving * momentum + batch * (1 - momentum). At inference, and while training if
    `trainable` is False, mean and variance are the moving ones.

    Args:
        axis: the channels axis; -1 by default, 1 for images with channels first.
        momentum: of the moving mean and variance; 0.99 by default.
        epsilon: added to the variance; 1e-3 by default.
        center: whether to add beta; True by default.
        scale: whether to multiply by gamma; True by default.
        beta_initializer, moving_mean_initializer: "zeros" by default.
        gamma_initializer, moving_variance_initializer: "ones" by default.
        beta_regularizer, gamma_regularizer: penalties on the weights; None by default.
        beta_constraint, gamma_constraint: applied after each update; None by default.
        renorm: batch renormalization (Ioffe, 2017): corrects the batch statistics towards slowly moving ones while
            training, within `renorm_clipping`. False by default.
        renorm_clipping: dict with any of "rmin", "rmax" and "dmax"; None (the default): no limits.
        renorm_momentum: of the renormalization statistics; 0.99 by default.
        synchronized: whether the statistics are those of the whole batch in data-parallel training, also if its
            `DataParallel(synchronized=False)` asks for those of each shard. False by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: inputs; training; mask (N, ...), without the channels axis: only elements where it is True count in
    the statistics.

    Weights: gamma, beta, moving_mean, moving_variance, each (C,).

    Raises:
        ValueError: an invalid `renorm_clipping`; an axis out of bounds or of unknown size; a mask of
            the wrong rank.

    Source: Ioffe and Szegedy, 2015; Keras 3, `keras.layers.BatchNormalization`.

    >>> import numpy as np
    >>> layer = BatchNormalization(epsilon=0.0)
    >>> layer(np.array([[1.0], [3.0]], "float32"), training=True).numpy().ravel()
    array([-1.,  1.], dtype=float32)
    >>> round(float(layer.moving_mean.numpy()[0]), 6)
    0.02
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            int(axis),
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.synchronized = synchronized
        self.momentum = float(momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.moving_mean: Any = None
        self.moving_variance: Any = None
        self.renorm = renorm
        self.renorm_clipping = _clipping(renorm_clipping) if renorm else renorm_clipping
        self.renorm_momentum = renorm_momentum

    def build(self, input_shape: Any) -> None:
        shape = self._extents(input_shape)
        self._make_gamma_and_beta(shape)

        def statistic(name: str, initializer: Any) -> Any:
            return self.add_weight(name=name, shape=shape, initializer=initializer, trainable=False, autocast=False)

        self.moving_mean = statistic("moving_mean", self.moving_mean_initializer)
        self.moving_variance = statistic("moving_variance", self.moving_variance_initializer)
        if self.renorm:

            def stddev(shape: Any, dtype: Any = None) -> Any:
                return ops.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

            self.moving_stddev = statistic("moving_stddev", stddev)
            self.renorm_mean = statistic("renorm_mean", self.moving_mean_initializer)
            self.renorm_stddev = statistic("renorm_stddev", stddev)
        self.input_spec = InputSpec(
            ndim=len(input_shape), axes={self.axis: shape[0]}, reason="the size of its gammas and betas"
        )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise ValueError(
                f"Layer '{self.name}': expected a mask with one axis less than the inputs, received mask "
                f"{tuple(mask.shape)} for inputs {tuple(inputs.shape)}."
            )
        x = ops.cast_if_needed(inputs, self._compute_dtype)
        if not (training and self.trainable):
            return self._normalised(x, self.moving_mean, self.moving_variance, self.gamma, self.beta)
        if mask is None and not self.renorm:
            return self._with_batch_statistics(x, "linear")
        mean, variance = self._moments(x, mask)
        gamma, beta = self.gamma, self.beta
        if self.renorm:
            gamma, beta = self._renorm(mean, variance)
            self._move_renorm(mean, variance)
        else:
            self._move(self.moving_mean, mean, self.momentum)
            self._move(self.moving_variance, variance, self.momentum)
        return self._normalised(x, mean, variance, gamma, beta)

    def _with_batch_statistics(self, x: Any, activation: str) -> Any:
        """activation(normalized x); the moving statistics move."""
        if counts_whole_batch(self.synchronized):
            mean, variance = self._moments(x, None)
            y = activations.get(activation)(self._normalised(x, mean, variance, self.gamma, self.beta))
        else:
            y, mean, variance = normalize_batch(x, self.gamma, self.beta, self.axis, self.epsilon, activation)
        if math.prod(x.shape):  # an empty batch has no statistics
            self._move(self.moving_mean, mean, self.momentum)
            self._move(self.moving_variance, variance, self.momentum)
        return y

    def _normalised(self, x: Any, mean: Any, variance: Any, gamma: Any, beta: Any) -> Any:
        return ops.batch_normalization(x, mean, variance, self.axis, beta, gamma, self.epsilon)

    def _move(self, moving: Any, value: Any, momentum: float) -> None:
        if moving.dtype in config.HALVES:
            moving.assign(ops.add(ops.multiply(moving, momentum), ops.multiply(value, 1 - momentum)))
        else:
            moving.before_write()
            _core.moving_average(value, moving.value, momentum)

    # ---- masked statistics, and renormalization --------------------------------------------------------------------
    def _moments(self, x: Any, mask: Any) -> tuple[Any, Any]:
        over = [i for i in range(len(x.shape)) if i != self.axis % len(x.shape)]
        there = None if mask is None else ops.broadcast_to(ops.expand_dims(ops.cast(mask, "bool"), -1), x.shape)
        if counts_whole_batch(self.synchronized):
            return moments_of_batch(x, self.axis, there)
        if there is None:
            mean, variance = ops.moments(x, over)
            return mean, variance
        count = ops.add(ops.sum(ops.cast(there, x.dtype), over, keepdims=True), config.epsilon())
        mean = ops.divide(ops.sum(ops.where(there, x, 0.0), over, keepdims=True), count)
        squares = ops.square(ops.where(there, ops.subtract(x, mean), 0.0))
        variance = ops.divide(ops.sum(squares, over, keepdims=True), count)
        return ops.reshape(mean, self.moving_mean.shape), ops.reshape(variance, self.moving_mean.shape)

    def _renorm(self, mean: Any, variance: Any) -> tuple[Any, Any]:
        """gamma and beta that include the correction x^ r + d from batch statistics to the slowly moving ones."""
        slow = ops.maximum(self.renorm_stddev, math.sqrt(self.epsilon))
        r = ops.divide(ops.sqrt(ops.add(variance, self.epsilon)), slow)
        d = ops.divide(ops.subtract(mean, self.renorm_mean), slow)
        rmin, rmax, dmax = (self.renorm_clipping.get(key) for key in ("rmin", "rmax", "dmax"))
        if rmin is not None:
            r = ops.maximum(r, rmin)
        if rmax is not None:
            r = ops.minimum(r, rmax)
        if dmax is not None:
            d = ops.clip(d, -dmax, dmax)
        gamma, beta = ops.stop_gradient(r), ops.stop_gradient(d)
        if self.gamma is not None:
            gamma, beta = ops.multiply(gamma, self.gamma), ops.multiply(beta, self.gamma)
        return gamma, beta if self.beta is None else ops.add(beta, self.beta)

    def _move_renorm(self, mean: Any, variance: Any) -> None:
        stddev = ops.sqrt(ops.add(variance, self.epsilon))
        m = self.momentum
        moved = ops.add(ops.multiply(self.moving_stddev, m), ops.multiply(stddev, 1.0 - m))
        self._move(self.renorm_mean, mean, self.renorm_momentum)
        self._move(self.renorm_stddev, stddev, self.renorm_momentum)
        self._move(self.moving_mean, mean, m)
        self._move(self.moving_stddev, moved, 0.0)
        self._move(self.moving_variance, ops.relu(ops.subtract(ops.square(moved), self.epsilon)), 0.0)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }


def _clipping(given: Any) -> dict[str, float | None]:
    clipping = dict(given or {})
    if unknown := set(clipping) - {"rmin", "rmax", "dmax"}:
        raise ValueError(
            f"BatchNormalization: expected `renorm_clipping` keys rmin, rmax and dmax, received {sorted(unknown)}."
        )
    rmin, rmax, dmax = (clipping.get(key) for key in ("rmin", "rmax", "dmax"))
    if rmin is not None and rmax is not None and rmax < rmin:
        raise ValueError(f"BatchNormalization: expected `renorm_clipping` with rmin <= rmax, received {given!r}.")
    if dmax is not None and dmax < 0:
        raise ValueError(f"BatchNormalization: expected `renorm_clipping` with dmax >= 0, received {given!r}.")
    return clipping
