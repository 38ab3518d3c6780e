"""The epochs at which the values of a training history belong."""

from __future__ import annotations

from collections.abc import Sequence


def epoch_numbers(count: int, most: int, epochs: Sequence[int] = (), logged: Sequence[int] = ()) -> list[int]:
    """Numbers, from 1, of the epochs in which a value was logged.

    Args:
        count: how often it was logged.
        most: how often the values that each epoch logs were logged.
        epochs: numbers, from 0, of all epochs; default 0, 1, 2 and so on.
        logged: numbers, from 0, of the epochs that logged it; default unknown: `count` epochs at equal distances.

    Returns:
        `count` numbers.

    >>> epoch_numbers(2, 4)
    [2, 4]
    >>> epoch_numbers(1, 4, range(4), [2])
    [3]
    """
    if len(logged) != count:
        epochs = epochs if len(epochs) == most else range(most)  # a History of several trainings has the last one's
        step = max(1, most // max(1, count))
        logged = epochs[step - 1 :: step][:count] if count <= most else range(count)
    return [epoch + 1 for epoch in logged]
