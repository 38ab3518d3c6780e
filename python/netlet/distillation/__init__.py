"""Knowledge distillation: a small student model learns from labels and from what a larger teacher model computes."""

from __future__ import annotations

from netlet.base.missing import explain_missing

from .distiller import Distiller
from .losses import DistillationLoss, FeatureDistillation, LogitsDistillation

__all__ = ["DistillationLoss", "Distiller", "FeatureDistillation", "LogitsDistillation"]

explain_missing(__name__)
