"""Model classes, and functions that save, load and copy models."""

from __future__ import annotations

from netlet.base.missing import explain_missing

from .cloning import clone_model
from .files import load_model, model_from_json, save_model
from .functional import Functional, Model
from .sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


explain_missing(__name__)
