"""Base of losses that consist of a function, its options and a reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .loss import Loss, LossFunctionWrapper


class FunctionLoss(LossFunctionWrapper):
    """A loss whose class defines its function, so its config holds only the options."""

    _function: Callable[..., Any]
    # Options that Keras's configs lack, with their defaults. Other values are saved all the same.
    _unsaved: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, reduction: Any, name: str, dtype: Any, **options: Any) -> None:
        super().__init__(type(self)._function, reduction=reduction, name=name, dtype=dtype, **options)
        for key, value in options.items():
            setattr(self, key, value)

    def get_config(self) -> dict[str, Any]:
        options = {k: v for k, v in self._fn_kwargs.items() if k not in self._unsaved or v != self._unsaved[k]}
        return {**Loss.get_config(self), **options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        return cls(**config)

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({options})"
