"""Plots: learning curves, ROC and confusion matrices, weights, filters and feature maps, attention, cost surfaces.

Needs `pip install 'netlet[plot]'`.

Every function draws into the given axes or figure, or a new one, and returns it. None of them shows or saves the plot.
"""

from netlet.base.missing import explain_missing

from .activation import activation
from .attention import attention
from .confusion import confusion_counts, confusion_matrix, confusion_text
from .cost_surface import cost_surface
from .decision_boundary import decision_boundary
from .feature_maps import feature_maps
from .filters import filters
from .history import history
from .model import model
from .plan import plan
from .quantization import quantization
from .roc import roc
from .samples import sample_grid
from .sweeps import learning_rate_sweep
from .weights import weights

__all__ = [
    "activation",
    "attention",
    "confusion_counts",
    "confusion_matrix",
    "confusion_text",
    "cost_surface",
    "decision_boundary",
    "feature_maps",
    "filters",
    "history",
    "learning_rate_sweep",
    "model",
    "plan",
    "quantization",
    "roc",
    "sample_grid",
    "weights",
]


explain_missing(__name__)
