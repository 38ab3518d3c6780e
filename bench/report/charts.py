"""Bar charts as SVG files, one message each."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

COLOURS = {
    "netlet": "#c0392b",
    "PyTorch": "#e69f00",
    "Keras on JAX": "#4d9221",
    "ONNX Runtime": "#2c7fb8",
    "best peer": "#2c7fb8",
    "int8": "#c0392b",
    "ONNX Runtime's int8": "#2c7fb8",
    "bfloat16": "#8e5ea2",
}


def bars(
    path: pathlib.Path,
    rows: Mapping[str, Mapping[str, float]],
    title: str,
    axis: str,
    *,
    log: bool = False,
    line: float | None = None,
    unit: str = "",
) -> None:
    """Draws a group of horizontal bars for each row, with each bar's number at its end; no file without any bar.

    Args:
        path: the SVG file.
        rows: {row: {series: number}}, from above to below. A series that a row lacks has no bar there.
        title: the message.
        axis: what the numbers are.
        log: whether the axis is logarithmic.
        line: a number that a dashed line marks, as 1 where two sides are equal.
        unit: follows each number.
    """
    series = list(dict.fromkeys(name for row in rows.values() for name in row))
    if not series:
        path.unlink(missing_ok=True)
        return
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    look = {"svg.fonttype": "none", "svg.hashsalt": "netlet", "font.size": 9}
    height = 0.8 / len(series)
    with plt.rc_context(look):
        figure, ax = plt.subplots(figsize=(7.6, 0.9 + 0.24 * len(rows) * max(len(series), 1.4)), layout="constrained")
        for i, name in enumerate(series):
            places = [y + (i - (len(series) - 1) / 2) * height for y, row in enumerate(rows.values()) if name in row]
            values = [row[name] for row in rows.values() if name in row]
            drawn = ax.barh(places, values, height * 0.9, color=COLOURS.get(name, "#777777"), label=name)
            ax.bar_label(drawn, [f"{_short(value)}{unit}" for value in values], padding=3, fontsize=8)
        ax.set_yticks(range(len(rows)), list(rows))
        ax.invert_yaxis()
        ax.set(title=title, xlabel=axis)
        ax.title.set(fontsize=10, ha="left", x=0)
        if log:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        if line is not None:
            ax.axvline(line, color="#555555", linewidth=1, linestyle="--", zorder=0)
        ax.margins(x=0.12)
        ax.spines[["top", "right"]].set_visible(False)
        if len(series) > 1:
            ax.legend(frameon=False, fontsize=8, loc="best")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"
