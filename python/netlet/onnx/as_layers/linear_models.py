"""Linear models of ai.onnx.ml, whose coefficients can be trained again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..node import Node
from ..operators.linear_models import DOMAIN, classified, linear_weights, transformed
from .dense import dense
from .registry import layer_of

if TYPE_CHECKING:
    from ..building import Builder


def _scores(build: Builder, node: Node, x: Any, count: int | None) -> Any:
    kernel, bias = linear_weights(node, count)
    fits = len(x.shape) == 2 and x.shape[1] == len(kernel) and x.dtype == "float32"
    return dense(build, node, x, kernel, bias) if fits else None


@layer_of("LinearRegressor", domain=DOMAIN)
def linear_regressor(build: Builder, node: Node, x: Any) -> Any:
    scores = _scores(build, node, x, node.attribute("targets", 1))
    return NotImplemented if scores is None else transformed(node, scores)


@layer_of("LinearClassifier", domain=DOMAIN)
def linear_classifier(build: Builder, node: Node, x: Any) -> Any:
    if node.attribute("classlabels_strings"):
        return NotImplemented  # texts are looked up in Python
    scores = _scores(build, node, x, None)
    return NotImplemented if scores is None else classified(node, scores)
