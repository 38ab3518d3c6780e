"""Muon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from netlet import _core, ops
from netlet.engine.variable import Variable

from .base.gradients import Item
from .base.optimizer import Optimizer
from .base.segment import Place, Run, runs, single
from .base.update import update


class Muon(Optimizer):
    """Muon (Jordan et al., 2024; Liu et al., 2025): steps of matrices are orthogonalized momenta; the rest uses AdamW.

    For a matrix of shape (n, k):

        m = momentum * m + g
        x = g + momentum * m (nesterov) or m, divided by its Euclidean norm
        x = muon_a * x + muon_b * (x x^T) x + muon_c * (x x^T)^2 x, ns_steps times (Newton-Schulz)
        w -= learning_rate * sqrt(max(n, k)) * rms_rate * x

    Variables that are not matrices, embeddings and those that `exclude_layers` names are updated as by `AdamW`.

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        adam_beta_1: AdamW's decay rate of the average of the gradients; default 0.9.
        adam_beta_2: AdamW's decay rate of the average of their squares; default 0.999.
        adam_weight_decay: weight decay of variables that AdamW updates; default 0.004, None for none.
        epsilon: AdamW's epsilon; default 1e-7.
        weight_decay: weight decay of matrices; default 0.004, None for none.
        exclude_layers: regular expressions; AdamW updates variables in whose path one of them is found; None (the
            default): none.
        exclude_embeddings: whether AdamW updates variables with "embedding" in their path; default True.
        muon_a, muon_b, muon_c: coefficients of the polynomial; default 3.4445, -4.775, 2.0315.
        adam_lr_ratio: AdamW's learning rate divided by learning_rate; default 1.
        momentum: decay rate of the momentum of matrices; default 0.95.
        ns_steps: number of Newton-Schulz iterations; default 5.
        nesterov: whether to use Nesterov momentum; default True.
        rms_rate: root mean square of a step of a large matrix, in learning rates; default 0.2. None: the step is
            learning_rate * x.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([[1.0, 0.0], [0.0, 1.0]])
    >>> Muon(0.1, weight_decay=None).apply([[[2.0, 0.0], [0.0, 2.0]]], [w])
    >>> w.numpy().round(2)
    array([[0.97, 0.  ],
           [0.  , 0.97]], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.exclude_layers, self.exclude_embeddings = exclude_layers or [], exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.momentum, self.ns_steps, self.nesterov, self.rms_rate = momentum, ns_steps, nesterov, rms_rate

    def _should_use_adamw(self, variable: Variable) -> bool:
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(keyword, variable.path) for keyword in self.exclude_layers)

    def build(self, variables: Any) -> None:
        super().build(variables)
        for v in variables:
            self.add_optimizer_variables([v], ["momentum", "velocity"] if self._should_use_adamw(v) else ["momentum"])

    def _matrices(self) -> set[Place]:
        """The places of the variables that AdamW does not update."""
        return {self._places[id(v)] for v in self._trainable_variables if not self._should_use_adamw(v)}

    def _runs(self, items: list[Item]) -> list[Run]:
        matrices = self._matrices()
        alone = single([item for item in items if item[0] in matrices])
        return [*alone, *runs([item for item in items if item[0] not in matrices])]

    def _decay_of(self, run: Run) -> float:
        factor = self.weight_decay if run.places[0] in self._matrices() else self.adam_weight_decay
        return float(factor or 0.0) * run.group.decay

    def _update_run(self, run: Run, weight_decay: float) -> None:
        if run.places[0] in self._matrices():
            polynomial = (*self._polynomial(), int(self.ns_steps), self._factor(run.gradient.shape))
            momentum = self.momentum, bool(self.nesterov)
            update(self, _core.muon_update, run, weight_decay, ["momentum"], *momentum, *polynomial)
        else:
            own = (self.adam_beta_1, self.adam_beta_2, self.epsilon, self.adam_lr_ratio)
            update(self, _core.adam_update, run, weight_decay, ["momentum", "velocity", None], *own)

    def _polynomial(self) -> tuple[float, float, float]:
        return self.muon_a, self.muon_b, self.muon_c

    def _factor(self, shape: Sequence[int]) -> float:
        return 1.0 if self.rms_rate is None else max(shape[0], shape[1]) ** 0.5 * self.rms_rate

    def lr_adjust(self, x: Any) -> Any:
        """Scales the orthogonalized step of a matrix, so that its root mean square does not depend on the shape.

        Args:
            x: the step, (n, k).

        Returns:
            Tensor (n, k): x times sqrt(max(n, k)) * rms_rate; x if rms_rate is None.
        """
        return ops.multiply(x, self._factor(x.shape))

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Returns a matrix with singular values near 1 and the singular vectors of x.

        Args:
            x: a matrix of shape (n, k).
            steps: the number of iterations.

        Returns:
            A Tensor of shape (n, k).

        Raises:
            ValueError: x is not a matrix.
        """
        x = ops.convert_to_tensor(x)
        zero, slot = ops.zeros(x.shape, x.dtype), ops.zeros(x.shape, x.dtype)
        cells = _core.tensor(-1.0, dtype="float64"), _core.tensor(0, dtype="int64")
        # The update of zeros with rate -1 and without momentum is the result.
        _core.muon_update(zero, x, slot, *cells, 0.0, False, *self._polynomial(), int(steps))
        return zero

    def _keeps_rows(self) -> bool:
        return False  # matrices are updated as a whole

    def get_config(self) -> dict[str, Any]:
        names = (
            *("adam_beta_1", "adam_beta_2", "epsilon", "exclude_layers", "muon_a", "muon_b", "muon_c"),
            *("adam_lr_ratio", "momentum", "ns_steps", "nesterov", "exclude_embeddings", "adam_weight_decay"),
            "rms_rate",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
