"""Groups of nodes that stand for one layer or op: exporters write them where their opset has no operator for it."""

from __future__ import annotations

from .patterns import fuse

__all__ = ["fuse"]
