"""Draws a graph of boxes as SVG."""

from __future__ import annotations

import itertools

from netlet.base.shortening import shortened

from ..svg import FONT, INK, MUTED, Svg, escape, text_width
from .graph import Box, Graph
from .layout import Layout, layered

LINE = 15.0
PADDING = 9.0
BAR = 5.0  # width of the coloured bar at the left of a box
FRAME = 14.0  # space inside a frame
MARGIN = 12.0  # around the picture
LONGEST = 44  # letters of a row

# The colour of a box's bar, by the package of its layer's class.
FAMILIES = {
    "core": "#6b7280",
    "activations": "#d9730d",
    "attention": "#b0488f",
    "convolutional": "#2f6fb5",
    "rnn": "#1b9e77",
    "normalization": "#8a6d00",
    "regularization": "#8a6d00",
    "pooling": "#56b4e9",
    "reshaping": "#9ca3af",
    "merging": "#111827",
    "preprocessing": "#7c5cbf",
    "quantized": "#7c5cbf",
    "model": "#111827",
}
OTHER = "#9ca3af"
EDGE = "#4b5563"


def draw(graph: Graph, name: str, sideways: bool = False) -> Svg:
    """The picture of a graph.

    Args:
        graph: from `describe`.
        name: of the model, for readers who hear the picture.
        sideways: whether it runs from left to right; default False, from top to bottom.

    Returns:
        The `Svg`, on white ground.
    """
    parts, width, height = _graph(graph, MARGIN, MARGIN, sideways)
    width, height = width + 2 * MARGIN, height + 2 * MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-family="{FONT}" font-size="11" fill="{MUTED}">'
    )
    ground = f'<rect width="{width:.0f}" height="{height:.0f}" rx="6" fill="#ffffff"/>'
    title = f"<title>{escape(f'Model {name}')}</title>"
    return Svg("\n".join([head, title, ground, *parts, "</svg>"]))


def _graph(graph: Graph, left: float, top: float, sideways: bool) -> tuple[list[str], float, float]:
    """(elements, width, height) of a graph whose upper left corner is at (left, top)."""
    inner = [_graph(box.inner, 0, 0, sideways) if box.inner is not None else None for box in graph.boxes]
    sizes = [
        _size(box) if frame is None else _frame_size(box, frame[1], frame[2]) for box, frame in zip(graph.boxes, inner)
    ]
    layout = layered([size[::-1] for size in sizes] if sideways else sizes, graph.edges, graph.order)
    parts = _edges(layout, left, top, sideways)
    if sideways:
        layout.places = [place[::-1] for place in layout.places]
        layout.width, layout.height = layout.height, layout.width
    for box, frame, size, (x, y) in zip(graph.boxes, inner, sizes, layout.places):
        if frame is None:
            parts += _box(box, left + x, top + y, *size)
        else:
            parts += _frame(box, left + x, top + y, size, frame)
    return parts, layout.width, layout.height


def _size(box: Box) -> tuple[float, float]:
    rows = [text_width(shortened(row, LONGEST), 11) for row in box.rows]
    width = max([text_width(shortened(box.title, LONGEST), 12, bold=True), 70.0, *rows])
    return round(width + BAR + 2 * PADDING), LINE * (1 + len(box.rows)) + 2 * PADDING - 5


def _frame_title(box: Box) -> tuple[str, str]:
    """The two lines above the boxes of a frame: name and class, then the rest."""
    return shortened(box.title, LONGEST), shortened(" · ".join(box.rows), 2 * LONGEST)


def _frame_size(box: Box, width: float, height: float) -> tuple[float, float]:
    title, rest = _frame_title(box)
    least = max(text_width(title, 12, bold=True), text_width(rest, 11))
    return round(max(width, least) + 2 * FRAME), height + 2 * FRAME + 2 * LINE


def _box(box: Box, x: float, y: float, width: float, height: float) -> list[str]:
    """The elements of a box. A frozen one is grey with a dashed border."""
    frozen = box.state == "frozen"
    look = f'fill="{"#eef2f7" if frozen else "#ffffff"}" stroke="{EDGE if frozen else "#9ca3af"}"' + (
        ' stroke-dasharray="4 3"' if box.state else ""
    )
    colour = FAMILIES.get(box.family, OTHER)
    at = f'x="{x:.1f}" y="{y:.1f}"'
    parts = [
        f"<g><title>{escape(box.hint)}</title>",
        f'<rect {at} width="{width:.1f}" height="{height:.1f}" rx="4" {look}/>',
        f'<rect {at} width="{BAR:.0f}" height="{height:.1f}" rx="2" fill="{colour}"/>',
    ]
    middle = x + BAR + (width - BAR) / 2
    line = y + PADDING + 8
    parts.append(
        f'<text x="{middle:.1f}" y="{line:.1f}" text-anchor="middle" font-size="12" font-weight="bold" fill="{INK}">'
        f"{escape(shortened(box.title, LONGEST))}</text>"
    )
    for row in box.rows:
        line += LINE
        style = ' font-style="italic"' if row == box.state else ""
        text = escape(shortened(row, LONGEST))
        parts.append(f'<text x="{middle:.1f}" y="{line:.1f}" text-anchor="middle"{style}>{text}</text>')
    return [*parts, "</g>"]


def _frame(box: Box, x: float, y: float, size: tuple[float, float], inner: tuple[list[str], float, float]) -> list[str]:
    """The elements of a nested model: a frame with its title and its own boxes."""
    parts, width, _ = inner
    dashes = ' stroke-dasharray="4 3"' if box.state else ""
    shift = x + (size[0] - width) / 2, y + FRAME + 2 * LINE
    title, rest = _frame_title(box)
    left = f'x="{x + FRAME:.1f}"'
    return [
        f"<g><title>{escape(box.hint)}</title>",
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" rx="7" fill="#f7f9fc" '
        f'stroke="#7fb0dc"{dashes}/>',
        f'<text {left} y="{y + 18:.1f}" font-size="12" font-weight="bold" fill="{INK}">{escape(title)}</text>',
        f'<text {left} y="{y + 18 + LINE:.1f}">{escape(rest)}</text>',
        f'<g transform="translate({shift[0]:.1f} {shift[1]:.1f})">',
        *parts,
        "</g></g>",
    ]


def _edges(layout: Layout, left: float, top: float, sideways: bool) -> list[str]:
    """Lines with an arrow at their ends. Parts that edges of one box share are drawn once."""

    def at(x: float, y: float) -> str:
        return f"{left + y:.1f} {top + x:.1f}" if sideways else f"{left + x:.1f} {top + y:.1f}"

    drawn: dict[str, None] = {}
    for points in layout.paths:
        for n, ((x1, y1), (x2, y2)) in enumerate(itertools.pairwise(points)):
            last = n + 2 == len(points)
            end = y2 - 5 if last else y2
            if end <= y1 and not last:
                continue
            if abs(x1 - x2) < 0.5:
                drawn[f"M{at(x1, y1)}L{at(x1, end)}"] = None
            else:
                bend = (y2 - y1) / 2
                drawn[f"M{at(x1, y1)}C{at(x1, y1 + bend)} {at(x2, y2 - bend)} {at(x2, end)}"] = None
        x, y = points[-1]
        drawn[f"M{at(x - 3.5, y - 7)}L{at(x, y - 0.5)}L{at(x + 3.5, y - 7)}"] = None
    if not drawn:
        return []
    return [f'<path d="{"".join(drawn)}" fill="none" stroke="{EDGE}" stroke-width="1.2" stroke-linejoin="round"/>']
