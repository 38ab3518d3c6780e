"""Tables as HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from .svg import escape

MOST_ROWS = 200


def html_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Sequence[int] = (),
    bars: Sequence[tuple[float, str]] | None = None,
) -> str:
    """A table of texts. Beyond 200 rows, the ones in the middle are left out.

    Args:
        head: the columns' names.
        rows: the cells.
        numbers: indices of the columns that are aligned to the right; default none.
        bars: for each row, the length in [0, 1] and the colour of a bar at the row's end; default none.

    Returns:
        The `<table>` element.

    >>> html_table(["name", "size"], [["a<b", "3"]], [1])[:7]
    '<table>'
    """

    def line(cells: Sequence[str], tag: str, last: str = "") -> str:
        sides = ("right" if i in numbers else "left" for i in range(len(cells)))
        parts = (f'<{tag} style="text-align:{side}">{escape(c)}</{tag}>' for side, c in zip(sides, cells))
        return f"<tr>{''.join(parts)}{last}</tr>"

    shown = [line(row, "td", _bar(*bars[i]) if bars else "") for i, row in enumerate(rows)]
    if len(rows) > MOST_ROWS:
        half = MOST_ROWS // 2
        left_out = f'<tr><td colspan="{len(head)}">… {len(rows) - 2 * half} rows …</td></tr>'
        shown = [*shown[:half], left_out, *shown[-half:]]
    return f"<table><thead>{line(head, 'th')}</thead><tbody>{''.join(shown)}</tbody></table>"


def _bar(length: float, colour: str) -> str:
    """A cell with a bar of at most 160 pixels."""
    style = f"width:{160 * length:.1f}px;min-width:1px;height:10px;background:{colour}"
    return f'<td style="text-align:left"><div style="{style}"></div></td>'
