"""ONNX models: `load` makes a `netlet.Model` of a file. Needs `pip install 'netlet[onnx]'`."""

from __future__ import annotations

from netlet.base.missing import explain_missing

from . import exporting  # noqa: F401  (tells Model.export how an OnnxOperator is written)
from .loading import load
from .operator_layer import OnnxOperator

__all__ = ["OnnxOperator", "load"]

explain_missing(__name__)
