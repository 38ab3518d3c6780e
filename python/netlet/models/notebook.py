"""What a notebook shows of a model: its summary as a table, and its picture."""

from __future__ import annotations

from typing import Any

from netlet.utils.html import html_table
from netlet.utils.model_picture import model_picture
from netlet.utils.svg import escape

from . import summary

MOST_BOXES = 150


def model_html(model: Any) -> str:
    """The summary of a model, and the picture of one with at most 150 layers. Builds and computes nothing.

    Args:
        model: any Model.

    Returns:
        HTML.

    Example:

    >>> import netlet
    >>> html = model_html(netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)], name="small"))
    >>> "<svg" in html, "<table" in html, "small" in html
    (True, True, True)
    """
    head, rows = summary.cells(model, show_trainable=True)
    totals = "<br>".join(escape(line.strip()) for line in summary.totals(model))
    table = html_table(head, rows, [head.index("Param #")])
    text = f"<div><b>Model: &quot;{escape(model.name)}&quot;</b>{table}<div>{totals}</div></div>"
    picture = ""
    if len(rows) <= MOST_BOXES:
        scrolls = "max-height:520px;max-width:100%;overflow:auto"
        picture = f'<div style="{scrolls}">{model_picture(model)}</div>'
    return f'<div style="display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start">{text}{picture}</div>'
