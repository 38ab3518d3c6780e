"""Bases of layers that normalize along some axes of each sample."""

from __future__ import annotations

from typing import Any

from netlet import constraints, initializers, regularizers

from ..base.elementwise import Elementwise


def check_axes(axis: Any, input_shape: Any, name: str) -> None:
    """Raises ValueError if an axis is out of bounds for the input."""
    for a in axis if isinstance(axis, (list, tuple)) else [axis]:
        if not -len(input_shape) <= a < len(input_shape):
            raise ValueError(f"Layer '{name}': axis {a} is out of bounds for input shape {tuple(input_shape)}.")


class AlongAxes(Elementwise):
    """Base of layers that normalise along `axis`, an integer or a list of integers. Output shape: the input's."""

    axis: Any

    def compute_output_shape(self, input_shape: Any) -> Any:
        check_axes(self.axis, input_shape, self.name)
        return input_shape

    def _extents(self, input_shape: Any) -> tuple[int, ...]:
        """The input's dimensions along the axes, which are the shape of gamma and beta."""
        check_axes(self.axis, input_shape, self.name)
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        for a in axes:
            if input_shape[a] is None:
                raise ValueError(
                    f"Layer '{self.name}' expected a known size of axis {a}, received shape {tuple(input_shape)}."
                )
        return tuple(input_shape[a] for a in axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Scaled(AlongAxes):
    """Base of layers that scale the normalised values by gamma and add beta, both learned.

    Args:
        axis: axis or axes along which gamma and beta vary.
        epsilon: added to the variance.
        center: whether to add beta.
        scale: whether to multiply by gamma.
        beta_initializer, gamma_initializer: names, configs or functions.
        beta_regularizer, gamma_regularizer: penalties, or None.
        beta_constraint, gamma_constraint: applied after each update, or None.
        **kwargs: the arguments of `Layer`.
    """

    def __init__(
        self,
        axis: Any,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma: Any = None
        self.beta: Any = None

    def _make_gamma_and_beta(self, shape: tuple[int, ...]) -> None:
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }


def axes_argument(layer: str, axis: Any) -> Any:
    """Returns `axis` as an integer or a list; raises TypeError for anything else."""
    if isinstance(axis, (list, tuple)):
        return list(axis)
    if isinstance(axis, int) and not isinstance(axis, bool):
        return axis
    raise TypeError(f"{layer}: expected `axis` to be an integer or a list or tuple of integers, received {axis!r}.")
