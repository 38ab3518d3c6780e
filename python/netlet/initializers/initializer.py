"""The base class of initializers."""

from __future__ import annotations

from typing import Any


class Initializer:
    """Base class. Subclasses define `__call__(shape, dtype=None)`, which returns an array or Tensor, and `get_config`.

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
        """Returns the arguments as a dict."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Makes an initializer from the dict that `get_config` returned."""
        return cls(**config)

    def clone(self) -> Initializer:
        """Returns an initializer with the same config. Without a given seed, the copy draws its own."""
        return type(self).from_config(self.get_config())
