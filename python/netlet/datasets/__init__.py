"""Small data sets that need no network."""

from . import digits

__all__ = ["digits"]
