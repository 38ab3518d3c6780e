"""What an initializer is."""

from __future__ import annotations

from typing import Any


class Initializer:
    """Base: subclass with `__call__(shape, dtype=None)`, which returns an array or a Tensor, and `get_config`."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must implement __call__(shape, dtype).")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        return cls(**config)

    def clone(self) -> Initializer:
        return type(self).from_config(self.get_config())
