"""Model classes, and functions that save, load and copy models."""

from __future__ import annotations

from netlet.base.missing import explain_missing
from netlet.saving import load_model, save_model

from .cloning import clone_model
from .from_json import model_from_json
from .functional import Functional, Model
from .sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


explain_missing(__name__)
