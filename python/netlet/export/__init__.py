"""Models as files of other programs, which `Model.export` writes: ONNX. Needs `pip install 'netlet[onnx]'`."""

from __future__ import annotations

from netlet.base.missing import explain_missing

from .exporting import export_model

__all__ = ["export_model"]

explain_missing(__name__)
