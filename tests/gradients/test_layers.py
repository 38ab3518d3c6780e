"""The gradients of every layer against directional derivatives in float64, for generated options and shapes."""

from __future__ import annotations

import pytest

from netlet import layers
from support import layer_gradients
from support.generated.layers import LAYERS, NOT_GENERATED, dropping, public
from support.generated.layers.basic import masking
from support.generated.running import for_examples

# Cases in which the layer is a differentiable function of inputs and weights, where not all are.
DIFFERENTIABLE = {
    "Masking": masking(masked=False),  # a masked step has a certain value
    # In training it assigns the divided kernel, at which the gradients are computed.
    "SpectralNormalization": LAYERS["SpectralNormalization"].filter(lambda case: not case.call["training"]),
}


def test_every_layer_has_generated_cases_or_a_reason():
    assert set(LAYERS) | set(NOT_GENERATED) == set(public(layers))
    assert not set(LAYERS) & set(NOT_GENERATED)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name):
    for_examples(name, 1, DIFFERENTIABLE.get(name, LAYERS[name]), lambda case: layer_gradients.check(name, case))


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_gradients_with_dropout(name):
    for_examples(name, 1, dropping(name), lambda case: layer_gradients.check(name, case))
