"""Checks of integer labels against the shape of the predictions, made before the first step."""

from __future__ import annotations

import numpy as np


def class_label_problem(labels: np.ndarray, shape: tuple[int, ...], ignore_class: int | None = None) -> str | None:
    """Describes the first wrong label, or returns None.

    Args:
        labels: (rows, ...), integers in [0, classes).
        shape: of the predictions, (..., classes).
        ignore_class: a label that is accepted too.

    >>> class_label_problem(np.array([0, 2, 3]), (32, 3))
    'has 3 classes, so labels are 0 to 2; row 2 has 3.'
    """
    classes = shape[-1]
    bad = (labels < 0) | (labels >= classes)
    if ignore_class is not None:
        bad &= labels != ignore_class
    if not bad.any():
        return None
    row = _first(bad)
    value = labels[row].item() if labels[row].size == 1 else labels[row].tolist()
    return f"has {classes} classes, so labels are 0 to {classes - 1}; row {row} has {value}."


def ctc_label_problem(labels: np.ndarray, shape: tuple[int, ...]) -> str | None:
    """Describes the first wrong label sequence, or returns None.

    Args:
        labels: (rows, length), integers in [1, classes), padded with 0 at the end.
        shape: of the predictions, (..., frames, classes).

    >>> ctc_label_problem(np.array([[2, 1], [3, 3]]), (32, 2, 5))
    'has 2 time steps; the 2 labels of row 1 and a blank between equal ones need 3: [3, 3].'
    """
    frames, classes = shape[-2:]
    length = (labels != 0).sum(1)
    used = np.arange(labels.shape[1]) < length[:, None]
    bad = used & ~((labels >= 1) & (labels < classes))
    if bad.any():
        row = _first(bad)
        return (
            f"has {classes} classes, so labels are 1 to {classes - 1}, and 0 is only padding at the end; "
            f"row {row} has {labels[row].tolist()}."
        )
    needs = length + (used[:, 1:] & (labels[:, 1:] == labels[:, :-1])).sum(1)
    if not (needs > frames).any():
        return None
    row = _first(needs > frames)
    between = " and a blank between equal ones" if needs[row] > length[row] else ""
    return (
        f"has {frames} time steps; the {length[row]} labels of row {row}{between} need {needs[row]}: "
        f"{labels[row].tolist()}."
    )


def _first(bad: np.ndarray) -> int:
    return int(np.flatnonzero(bad.reshape(len(bad), -1).any(1))[0])
