"""Pictures of a training: learning curves, a confusion matrix, and images with their predictions. Needs `netlet[plot]`.

Every function draws into the axes or figure that it is given, or makes a new one, and returns it; none shows or saves
anything.
"""

from .confusion import confusion_counts, confusion_matrix, confusion_text
from .curves import learning_curves
from .samples import sample_grid

__all__ = ["confusion_counts", "confusion_matrix", "confusion_text", "learning_curves", "sample_grid"]
