"""Plots rates over size, one panel for each number format: the picture of matrix products in the README."""

from __future__ import annotations

import pathlib
import textwrap
from collections.abc import Sequence

from .measure import Measured

STYLE = {  # side: (label, colour, width, line style)
    "floor": ("this CPU's limit", "#999999", 1.0, "--"),
    "plan": ("netlet", "#c0392b", 2.2, "-"),
    "onnxruntime": ("ONNX Runtime", "#2c7fb8", 1.3, "-"),
    "torch": ("PyTorch", "#e69f00", 1.3, "-"),
    "numpy": ("NumPy", "#4d9221", 1.3, "-"),
}


def plot(path: str, results: Sequence[Measured], about: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "netlet",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    lines = list(dict.fromkeys(m.row.line for m in results if m.row.line))
    figure, axes = plt.subplots(
        1, len(lines), figsize=(1.2 + 3.8 * len(lines), 3.2), squeeze=False, layout="constrained"
    )
    for ax, line in zip(axes[0], lines):
        points = sorted((m for m in results if m.row.line == line), key=lambda m: m.row.size)
        for side, (label, colour, width, style) in STYLE.items():
            here = [(m.row.size, m.rates[side]) for m in points if side in m.rates]
            if here:
                ax.plot(
                    *zip(*here), style, color=colour, linewidth=width, label=label, marker="." if style == "-" else ""
                )
        ax.set(title=line, xlabel="n, of n × n times n × n", ylim=(0, None))
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        ax.legend(frameon=False, fontsize=8)
    axes[0][0].set_ylabel("GFLOP/s")
    figure.suptitle(textwrap.fill(about, 72 * len(lines)), fontsize=8, color="#555555")
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.endswith("svg") else None)
