"""What a notebook shows of a training: curves and numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet.utils.html import html_table
from netlet.utils.line_charts import Curve, line_charts
from netlet.utils.svg import TRAINING, VALIDATION


def history_html(log: dict[str, list[Any]], epochs: list[int]) -> str:
    """The learning curves of the values of a training, and a table of the last epoch. Needs no other package.

    Args:
        log: {name: one value for each epoch}, as `History.history`.
        epochs: the epochs' numbers, from 0.

    Returns:
        HTML.

    Example:

    >>> html = history_html({"loss": [2.0, 1.0], "val_loss": [2.5, 1.5]}, [0, 1])
    >>> html.count("<polyline"), html.count("<tr>")
    (2, 3)
    """
    if not log or not epochs:
        return "<div>History of no epochs</div>"
    numbers = {name: values for name, values in log.items() if all(np.ndim(v) == 0 for v in values)}
    charts = []
    for name in sorted(numbers, key=lambda name: name != "loss"):
        if name.startswith("val_") and name[4:] in numbers:
            continue
        curves = [_curve("training", TRAINING, numbers[name], epochs)]
        if f"val_{name}" in numbers:
            curves.append(_curve("validation", VALIDATION, numbers[f"val_{name}"], epochs))
        charts.append((name.replace("_", " ").capitalize(), curves))
    rows = [[name, _text(values[-1]), *_extremes(values)] for name, values in numbers.items() if values]
    table = html_table(["", "last epoch", "smallest", "largest"], rows, [1, 2, 3])
    head = f"<b>{len(epochs)} epoch{'s' if len(epochs) != 1 else ''}</b>"
    return f'<div>{head}<div style="overflow:auto">{line_charts(charts, "epoch")}</div>{table}</div>'


def _curve(label: str, colour: str, values: list[Any], epochs: list[int]) -> Curve:
    """The values over the epochs, which are numbered from 1; those of every few epochs at equal distances."""
    step = max(1, len(epochs) // max(1, len(values)))
    at = epochs[step - 1 :: step] if len(values) <= len(epochs) else range(len(values))
    return label, colour, [(epoch + 1, float(value)) for epoch, value in zip(at, values)]


def _text(value: Any) -> str:
    return f"{float(value):.4g}"


def _extremes(values: list[Any]) -> list[str]:
    finite = [float(v) for v in values if math.isfinite(float(v))]
    return [_text(min(finite)), _text(max(finite))] if finite else ["", ""]
