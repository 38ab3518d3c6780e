"""Models as files of other programs, which `Model.export` writes: ONNX. Needs `pip install 'netlet[onnx]'`."""

from __future__ import annotations

from netlet.base.missing import explain_missing

__all__: list[str] = []

explain_missing(__name__)
