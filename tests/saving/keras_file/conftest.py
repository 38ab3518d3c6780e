"""What the tests of Keras's files share."""

from __future__ import annotations

import keras
import numpy as np
import pytest


@pytest.fixture
def quick_initializers(monkeypatch):
    """Keras's random initializers give ones: JAX would compile each for each shape. The tests set the values."""
    initializers = keras.initializers
    for cls in (initializers.VarianceScaling, initializers.Orthogonal, initializers.RandomUniform):
        monkeypatch.setattr(cls, "__call__", lambda self, shape, dtype=None: np.ones(shape, dtype))
