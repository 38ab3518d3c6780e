"""Small line charts as SVG, for notebooks: no other package is needed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .svg import FONT, GRID, INK, MUTED, Svg, escape, text_width

WIDTH, HEIGHT = 260.0, 150.0  # of the area of one chart
LEFT, RIGHT, TOP, BOTTOM = 52.0, 18.0, 30.0, 34.0
COLUMNS = 3

Curve = tuple[str, str, Sequence[tuple[float, float]]]  # label, colour, points


def line_charts(charts: Sequence[tuple[str, Sequence[Curve]]], x_label: str) -> Svg:
    """Draws charts side by side, each with its own scale.

    Args:
        charts: (title, curves) of each; a curve is (label, colour, points), and points that are not finite part it.
        x_label: what the horizontal axes show.

    Returns:
        The `Svg`.

    Example:

    >>> svg = line_charts([("Loss", [("training", "#2f6fb5", [(1, 2.0), (2, 1.0)])])], "epoch")
    >>> str(svg).count("<polyline")
    1
    """
    columns = min(COLUMNS, max(1, len(charts)))
    rows = math.ceil(len(charts) / columns)
    cell = (LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM)
    width, height = cell[0] * columns, cell[1] * rows
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} '
        f'{height:.0f}" role="img" font-family="{FONT}" font-size="10" fill="{MUTED}">',
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="6" fill="#ffffff"/>',
    ]
    for i, (title, curves) in enumerate(charts):
        x, y = i % columns * cell[0] + LEFT, i // columns * cell[1] + TOP
        parts += [f'<g transform="translate({x:.1f} {y:.1f})">', *_chart(title, curves, x_label), "</g>"]
    return Svg("\n".join([*parts, "</svg>"]))


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers in [low, high], about `count`.

    >>> ticks(0.0, 1.0)
    [0.0, 0.5, 1.0]
    >>> ticks(3.2, 9.9)
    [4.0, 6.0, 8.0]
    >>> ticks(0.0, 4e-15)
    [0.0, 1e-15, 2e-15, 3e-15, 4e-15]
    """
    raw = (high - low) / count
    if not raw > 0 or not math.isfinite(raw):
        return [low]
    digits = math.floor(math.log10(raw))
    power = 10.0**digits
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, max(0, -digits)) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _range(values: list[float]) -> tuple[float, float]:
    """The smallest and largest value, apart."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high > low:
        return low, high
    space = abs(low) * 0.1 or 1.0
    return low - space, high + space


def _chart(title: str, curves: Sequence[Curve], x_label: str) -> list[str]:
    finite = [(x, y) for _, _, points in curves for x, y in points if math.isfinite(y)]
    left, right = _range([x for x, _ in finite])
    low, high = _range([y for _, y in finite])
    low, high = low - (high - low) * 0.04, high + (high - low) * 0.04

    def place(x: float, y: float) -> tuple[float, float]:
        return (x - left) / (right - left) * WIDTH, HEIGHT - (y - low) / (high - low) * HEIGHT

    parts = [f'<text x="0" y="-12" font-size="12" font-weight="bold" fill="{INK}">{escape(title)}</text>']
    for value in ticks(low, high):
        y = place(left, value)[1]
        parts.append(f'<path d="M0 {y:.1f}H{WIDTH:.0f}" stroke="{GRID}"/>')
        parts.append(f'<text x="-6" y="{y + 3.5:.1f}" text-anchor="end">{value:.4g}</text>')
    for value in ticks(left, right):
        if value == int(value):  # epochs are whole numbers
            x = place(value, low)[0]
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT + 13:.0f}" text-anchor="middle">{value:.0f}</text>')
    parts.append(f'<text x="{WIDTH / 2:.0f}" y="{HEIGHT + 27:.0f}" text-anchor="middle">{escape(x_label)}</text>')
    for _, colour, points in curves:
        for part in _unbroken(points):
            places = [place(x, y) for x, y in part]
            if len(part) == 1:
                parts.append(f'<circle cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="3" fill="{colour}"/>')
            else:
                line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
                parts.append(
                    f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8" '
                    'stroke-linejoin="round"/>'
                )
    return parts + _legend(curves)


def _unbroken(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """The runs of points that are finite."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if math.isfinite(point[1]):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _legend(curves: Sequence[Curve]) -> list[str]:
    """The labels at the upper right, if there are several curves."""
    parts: list[str] = []
    x = WIDTH
    for label, colour, _ in reversed(curves if len(curves) > 1 else []):
        x -= text_width(label, 10)
        parts.append(f'<text x="{x:.1f}" y="-12">{escape(label)}</text>')
        parts.append(f'<path d="M{x - 16:.1f} -15.5h12" stroke="{colour}" stroke-width="2"/>')
        x -= 26
    return parts
