"""TimeDistributed: applies one layer to every time step."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops
from netlet.base import tree
from netlet.engine.graph import OpCall

from ..base.wrapper import Wrapper
from ..core.lambda_layer import Lambda
from ..normalization.batch_normalization import BatchNormalization
from ..normalization.spectral_normalization import SpectralNormalization
from ..preprocessing.image.random_base import RandomImageLayer
from .scan import steps_of


class TimeDistributed(Wrapper):
    """Applies `layer` to each step of x (B, T, ...): y[:, t] = layer(x[:, t]).

    If the layer processes each sample independently, all steps run as one batch of B T samples in one call. Layers that
    use the whole batch (batch normalization while training) and user-defined layers are called once for each step.

    Args:
        layer: a layer or a model.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: inputs (B, T, ...); training; mask (B, T, ...): mask[:, t] is passed to the layer if its `call` has
    a `mask` argument.

    Raises:
        ValueError: `layer` is not a layer; an input of rank below 3; a mask that does not match the inputs' first two
            axes.

    Source: Keras 3, `keras.layers.TimeDistributed`.

    >>> import numpy as np
    >>> from netlet.layers import Conv2D
    >>> TimeDistributed(Conv2D(8, 3))(np.ones((2, 5, 28, 28, 1), "float32")).shape
    (2, 5, 26, 26, 8)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def _step_shape(self, shape: Any) -> tuple[Any, ...]:
        if not isinstance(shape, (tuple, list)) or len(shape) < 3:
            raise ValueError(
                f"Layer '{self.name}': expected an input of rank 3 or more, (batch, time, ...), received shape {shape}."
            )
        return (shape[0], *shape[2:])

    def build(self, input_shape: Any = None) -> None:
        super().build(self._step_shape(input_shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = self.layer.compute_output_shape(self._step_shape(input_shape))
        return tree.map_shapes(lambda s: (s[0], input_shape[1], *s[1:]), shape)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        self._step_shape(tuple(inputs.shape))
        self._check_mask(mask, inputs.shape)
        b, n = inputs.shape[:2]
        if n == 0 or treats_samples_alone(self.layer, bool(training)):
            y = self._inner(_folded(inputs), training, None if mask is None else _folded(mask))
            return tree.map_structure(lambda v: _core.reshape(v, (b, n, *v.shape[1:])), y)
        masks = [None] * n if mask is None else steps_of(mask)
        outputs = [self._inner(x, training, m) for x, m in zip(steps_of(inputs), masks, strict=True)]
        columns = zip(*(tree.flatten(y) for y in outputs))
        return tree.pack_like(outputs[0], [ops.stack(list(column), 1) for column in columns])

    def _inner(self, x: Any, training: Any, mask: Any) -> Any:
        """Runs the layer's `call` directly, as Keras does, so its own activity_regularizer adds no penalty."""
        takes = self.layer._call_parameters
        more = {"training": training} if "training" in takes else {}
        if mask is not None and "mask" in takes:
            more["mask"] = mask
        _core.push_scope(self.layer.name)
        try:
            return self.layer.call(x, **more)
        finally:
            _core.pop_scope()

    def _check_mask(self, mask: Any, shape: Any) -> None:
        if mask is not None and (len(mask.shape) < 2 or tuple(mask.shape[:2]) != tuple(shape[:2])):
            raise ValueError(
                f"Layer '{self.name}': expected a mask whose first axes are {tuple(shape[:2])}, as of the inputs, "
                f"received shape {tuple(mask.shape)}."
            )


def treats_samples_alone(layer: Any, training: bool) -> bool:
    """Whether a sample's output does not depend on the other samples of the batch."""
    return all(
        _alone(part, training) and (part is layer or part.activity_regularizer is None) for part in _parts(layer)
    )


def _parts(layer: Any) -> list[Any]:
    found: list[Any] = layer._flatten_layers()
    return found


def _alone(layer: Any, training: bool) -> bool:
    if not type(layer).__module__.startswith("netlet.") or isinstance(layer, Lambda):
        return False
    if training and isinstance(layer, (BatchNormalization, SpectralNormalization, RandomImageLayer)):
        return False
    function = getattr(layer, "_function", None)
    if function is not None and any(isinstance(operation, OpCall) for operation in function.operations):
        return False
    axis, noise = getattr(layer, "axis", None), getattr(layer, "noise_shape", None)
    over_batch = 0 in (axis if isinstance(axis, (tuple, list)) else (axis,)) or (noise is not None and noise[0] == 1)
    return not over_batch and not getattr(layer, "stateful", False)


def _folded(x: Any) -> Any:
    b, n, *rest = x.shape
    return _core.reshape(x, (b * n, *rest))
