"""The base class of initializers."""

from __future__ import annotations

from typing import Any


class Initializer:
    """Base class: a function of a shape and a dtype that returns the first value of a weight.

    A subclass defines `__call__(shape, dtype=None)`, which returns an array or Tensor of this shape and dtype, and
    `get_config`.

    Source: Keras 3, `keras.initializers.Initializer`.

    >>> import numpy as np
    >>> class Twos(Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return np.full(shape, 2, dtype)
    >>> Twos()((2,), "float32").tolist()
    [2.0, 2.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must implement __call__(shape, dtype).")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}.
        """
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Makes an initializer from its config.

        Args:
            config: the dict that `get_config` returned.

        Returns:
            Initializer of this class.
        """
        return cls(**config)

    def clone(self) -> Initializer:
        """A new initializer with the same config. Without a given seed, the copy draws its own.

        Returns:
            Initializer of the same class.
        """
        return type(self).from_config(self.get_config())
