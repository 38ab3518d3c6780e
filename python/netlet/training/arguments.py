"""Checks and limits of the arguments of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np


def limited(what: str, value: int | None, limit: int | None) -> int | None:
    """The value, or the limit with a warning if the value is larger or None.

    Args:
        what: name of the value, for the warning.
        value: number of epochs or steps, or None.
        limit: what `config.max_epochs` or `config.max_steps_per_epoch` returns.
    """
    if limit is None or (value is not None and value <= limit):
        return value
    warnings.warn(f"Limiting {what} to {limit}", stacklevel=4)
    return limit


def check_fit(epochs: Any, initial_epoch: Any, validation_freq: Any, shuffle: Any, **counts: Any) -> None:
    """Checks the numbers among the arguments of `fit`.

    Args:
        epochs, initial_epoch, validation_freq, shuffle: the arguments.
        counts: arguments that are None or whole numbers of at least 1, by name.

    Raises:
        ValueError: one of them is not what it should be.
    """
    check_count("fit(epochs=)", epochs, least=0)
    check_count("fit(initial_epoch=)", initial_epoch, least=0)
    check_frequency(validation_freq)
    for name, value in counts.items():
        check_count(f"fit({name}=)", value, none_too=True)
    if isinstance(shuffle, str) and shuffle != "batch":
        raise ValueError(f'fit(shuffle=): expected True, False or "batch", received {shuffle!r}.')


def due(validation_freq: Any, epoch: int) -> bool:
    """Whether to validate after this epoch, which counts from 0."""
    if isinstance(validation_freq, (int, np.integer)):
        return (epoch + 1) % int(validation_freq) == 0
    return epoch + 1 in validation_freq


def check_frequency(validation_freq: Any) -> None:
    """Raises ValueError unless `validation_freq` is a whole number >= 1, or a collection of them."""
    if isinstance(validation_freq, (list, tuple, set, range)):
        for epoch in validation_freq:
            check_count("fit(validation_freq=)", epoch)
        return
    check_count("fit(validation_freq=)", validation_freq)


def check_count(what: str, value: Any, least: int = 1, none_too: bool = False) -> None:
    """Checks that a value is a whole number.

    Args:
        what: the method and argument, for the error.
        value: the value.
        least: smallest allowed value.
        none_too: whether None is allowed.

    Raises:
        ValueError: it is not.
    """
    if value is None and none_too:
        return
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{what}: expected a whole number of at least {least}, received {value!r}.")
