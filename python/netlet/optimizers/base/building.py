"""A `build` that either succeeds or leaves the optimizer as it was."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from netlet.base.all_or_nothing import all_or_nothing


def whole(build: Callable[..., None]) -> Callable[..., None]:
    """Makes a `build` leave the optimizer unchanged if it is built or if it raises."""

    @functools.wraps(build)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        if not self.built:
            all_or_nothing([self], build, self, *args, **kwargs)

    return wrapper
