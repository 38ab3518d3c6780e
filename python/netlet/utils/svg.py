"""SVG pictures as text: escaping, the width of letters, and a picture that notebooks show."""

from __future__ import annotations

from typing import Any

from netlet.saving.atomic import write_file

INK = "#1f2430"  # text
MUTED = "#6b7280"  # axes, less important text
GRID = "#e5e7eb"
TRAINING = "#2f6fb5"
VALIDATION = "#d9730d"
# The phases of a recorded step.
PHASES = {"forward": TRAINING, "backward": VALIDATION, "update": "#1b9e77"}
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
_NARROW = set("ijlI.,:;'|!()[]{}/ ftr-")
_WIDE = set("mwMW@%")


class Svg:
    """An SVG picture. Notebooks show it, `str` gives its text and `save` writes it to a file.

    Args:
        text: the `<svg>` element.

    Example:

    >>> svg = Svg('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    >>> str(svg)[:4]
    '<svg'
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Svg, {len(self.text):,} characters>"

    def _repr_svg_(self) -> str:
        return self.text

    def save(self, path: Any) -> None:
        """Writes the picture to a file.

        Args:
            path: str or path of the file; its ending should be ".svg".

        Raises:
            OSError: the file cannot be written. An existing file is unchanged then.
        """
        write_file(path, ('<?xml version="1.0" encoding="UTF-8"?>\n' + self.text + "\n").encode())


def escape(text: str) -> str:
    """The text in XML, without characters that XML forbids.

    >>> escape('a<b> & "c"')
    'a&lt;b&gt; &amp; &quot;c&quot;'
    """
    allowed = "".join(c if _in_xml(c) else "?" for c in text)
    return allowed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _in_xml(c: str) -> bool:
    return c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of a text in pixels, rather too large than too small, since the reader's font is unknown.

    >>> text_width("il", 10) < text_width("mw", 10)
    True
    """
    units = sum(0.36 if c in _NARROW else 0.92 if c in _WIDE else 0.74 if c.isupper() else 0.6 for c in text)
    return units * size * (1.06 if bold else 1.0)
