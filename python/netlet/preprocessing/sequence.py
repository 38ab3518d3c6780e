"""`keras.preprocessing.sequence`."""

from __future__ import annotations

from netlet.base.missing import explain_missing
from netlet.utils import pad_sequences

__all__ = ["pad_sequences"]

explain_missing(__name__)
