"""The gradients of a layer of Keras on PyTorch, of the function that `layer_gradients.Objective` defines."""

from __future__ import annotations

from typing import Any

import numpy as np

from support.generated.layers import called, outputs
from support.layer_gradients import Objective


def gradients(layer: Any, f: Objective) -> list[np.ndarray]:
    """The gradients at the inputs and weights of f, by PyTorch; zeros where the function does not depend on an array.

    Args:
        layer: of Keras, built, with the arguments of f's.
        f: netlet's, whose factors exist: its gradients were computed.
    """
    import torch

    layer.set_weights(f.start)
    inputs = [torch.tensor(x, requires_grad=i in f.floats) for i, x in enumerate(f.inputs)]
    ys = [y for y in outputs(called(layer, f.case, inputs)) if y is not None and str(y.dtype) == f"torch.{f.dtype}"]
    total = sum((torch.sum(y * torch.tensor(c)) for y, c in zip(ys, f.factors, strict=True)), start=sum(layer.losses))
    sources = [*(inputs[i] for i in f.floats), *(layer.weights[i].value for i in f.trained)]
    found = torch.autograd.grad(total, sources, allow_unused=True)
    return [np.zeros(x.shape) if g is None else g.numpy() for g, x in zip(found, f.xs, strict=True)]
