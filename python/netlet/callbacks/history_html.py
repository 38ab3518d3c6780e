"""What a notebook shows of a training: curves and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netlet.utils.epoch_numbers import epoch_numbers
from netlet.utils.html import html_table
from netlet.utils.line_charts import Curve, line_charts
from netlet.utils.svg import TRAINING, VALIDATION


def history_html(log: dict[str, list[Any]], epochs: list[int], logged: Mapping[str, Sequence[int]] = {}) -> str:
    """The learning curves of the values of a training, and a table of the last epoch. Needs no other package.

    Args:
        log: {name: one value for each epoch}, as `History.history`.
        epochs: the epochs' numbers, from 0.
        logged: {name: numbers, from 0, of the epochs that logged it}; default none: all, or at equal distances.

    Returns:
        HTML.

    Example:

    >>> html = history_html({"loss": [2.0, 1.0], "val_loss": [2.5, 1.5]}, [0, 1])
    >>> html.count("<polyline"), html.count("<tr>")
    (2, 3)
    """
    if not log or not epochs:
        return "<div>History of no epochs</div>"
    numbers = {name: values for name, values in log.items() if all(_is_number(v) for v in values)}
    charts = []
    for name in sorted(numbers, key=lambda name: name != "loss"):
        if name.startswith("val_") and name[4:] in numbers:
            continue
        curves: list[Curve] = []
        for label, colour, own in (("training", TRAINING, name), ("validation", VALIDATION, f"val_{name}")):
            if own in numbers:
                at = epoch_numbers(len(numbers[own]), len(numbers[name]), epochs, logged.get(own, ()))
                curves.append((label, colour, [(epoch, float(v)) for epoch, v in zip(at, numbers[own])]))
        charts.append((name.replace("_", " ").capitalize(), curves))
    rows = [[name, _text(values[-1]), *_extremes(values)] for name, values in numbers.items() if values]
    table = html_table(["", "last epoch", "smallest", "largest"], rows, [1, 2, 3])
    head = f"<b>{len(epochs)} epoch{'s' if len(epochs) != 1 else ''}</b>"
    return f'<div>{head}<div style="overflow:auto">{line_charts(charts, "epoch")}</div>{table}</div>'


def _is_number(value: Any) -> bool:
    """Whether it has a place on a curve; a callback may log anything."""
    try:
        return np.ndim(value) == 0 and isinstance(float(value), float)
    except (TypeError, ValueError):
        return False


def _text(value: Any) -> str:
    return f"{float(value):.4g}"


def _extremes(values: list[Any]) -> list[str]:
    finite = [float(v) for v in values if math.isfinite(float(v))]
    return [_text(min(finite)), _text(max(finite))] if finite else ["", ""]
