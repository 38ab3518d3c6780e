"""Compiling: the part of Trainer with `compile` and the loss of a batch."""

from __future__ import annotations

import functools
import inspect
import warnings
from typing import Any

from netlet import _core, optimizers
from netlet import metrics as metrics_module
from netlet.base.exclusive import alone_with_state
from netlet.base.tree import flatten
from netlet.config import DTypePolicy
from netlet.optimizers.base import finite
from netlet.optimizers.loss_scale_optimizer import with_scaled_loss
from netlet.saving.serialization import deserialize_object, serialize_object

from . import arguments
from .compiled_losses import CompiledLoss, check_compile_arguments
from .compiled_metrics import CompiledMetrics
from .eager_here import is_eager_here
from .outputs import Outputs
from .own_step import standard


class Compiling:
    """The part of Trainer with `compile` and the loss. Only `Trainer` uses it, as a base class."""

    # Set by the classes that this one is mixed into.
    name: str
    losses: list[Any]
    dtype_policy: DTypePolicy

    def _init_compiling(self) -> None:
        """Sets the fields of a model that is not compiled."""
        self._compiled = False
        self.optimizer: Any = None
        self.loss: Any = None
        self._loss_weights: Any = None
        self._loss_tracker: metrics_module.Mean | None = None
        self._compile_loss: CompiledLoss | None = None
        self._compile_metrics: CompiledMetrics | None = None
        self._compile_config: dict[str, Any] = {}
        self._run_eagerly = False
        self.steps_per_execution = 1
        self.check_finite = True
        self.stop_training = False

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run in Python for every batch instead of being recorded."""
        return self._run_eagerly or is_eager_here()

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_eagerly = bool(value)

    @alone_with_state
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        check_finite: bool = True,
    ) -> None:
        """Sets how the model is trained. If it raises, the model does not change.

        Args:
            optimizer: name or `optimizers.Optimizer`; "rmsprop" by default.
            loss: name, `losses.Loss` or `fn(y_true, y_pred)`; a list or dict of them for several outputs, with None for
                an output without a loss. None (the default): only the losses that layers add.
            loss_weights: factors of the outputs' losses in their sum, as a list or dict; None (the default): 1.
            metrics: names, `metrics.Metric`s or functions; a list or dict of them for several outputs. They ignore
                `sample_weight`. None by default.
            weighted_metrics: the same; they use `sample_weight`. None by default.
            run_eagerly: whether to run `train_step` in Python for every batch instead of recording it; False by
                default.
            steps_per_execution: batches between two calls of batch hooks; 1 by default. Without batch hooks netlet runs
                many recorded steps in one native call in any case.
            jit_compile: accepted for compatibility with Keras; no effect.
            auto_scale_loss: whether to wrap the optimizer in a `LossScaleOptimizer` in a model whose policy is
                "mixed_float16"; True by default.
            check_finite: whether to raise a NonFiniteLossError before the update when the loss or a gradient is NaN or
                infinite; True by default.

        Raises:
            ValueError: an unknown name (the message names the nearest known one); something that is not a loss, metric
                or number.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
        >>> model.compile(netlet.optimizers.Adam(0.01), "mse", metrics=["mae"])
        >>> model.compiled
        True
        """
        arguments.check_count("compile(steps_per_execution=)", steps_per_execution)
        optimizer = optimizers.get(optimizer)
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16" and optimizer is not None:
            optimizer = with_scaled_loss(optimizer)
        check_compile_arguments(loss, loss_weights, metrics, weighted_metrics)
        given = None
        if metrics is not None or weighted_metrics is not None:
            given = CompiledMetrics(metrics, weighted_metrics, self._outputs_of)
        config = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": bool(run_eagerly),
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }
        if not check_finite:  # Keras does not have it
            config["check_finite"] = False
        state = {
            "optimizer": optimizer,
            "loss": loss,
            "_loss_weights": loss_weights,
            "_loss_tracker": metrics_module.Mean(name="loss"),
            "_compile_loss": None,
            "_compile_metrics": given,
            "_compile_config": config,
            "_run_eagerly": bool(run_eagerly),
            "steps_per_execution": steps_per_execution,
            "check_finite": bool(check_finite),
            "stop_training": False,
            "_compiled": True,
        }
        self._forget_training_steps()
        self.__dict__.update(state)  # one call, so that Ctrl-C cannot leave half of it set

    def _forget_training_steps(self) -> None:
        """Discards the recorded steps; Trainer implements it."""
        raise NotImplementedError

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled

    def _require_compiled(self, method: str) -> None:
        """Raises ValueError, which names the method, unless the model is compiled."""
        if not self._compiled:
            raise ValueError(
                f"Model '{self.name}' must be compiled before {method}(): call model.compile(optimizer, loss, ...)."
            )

    def get_compile_config(self) -> dict[str, Any]:
        """The config of the arguments of `compile`, which JSON can hold.

        Returns:
            {argument: config}; empty before `compile`.

        Raises:
            ValueError: an argument that has no config, such as a lambda.
            TypeError: a `get_config` that returns no dict.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> config = model.get_compile_config()
        >>> config["optimizer"]["class_name"], config["loss"], config["metrics"]
        ('SGD', 'mse', ['mae'])
        """
        config: dict[str, Any] = serialize_object(self._compile_config) if self._compiled else {}
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as the saved one was. A class that overrides `compile` must override this too.

        Args:
            config: what `get_compile_config` returned, here or in Keras.

        Raises:
            ValueError: the config names something unknown.

        Warns:
            UserWarning: the class overrides `compile`, so the model stays uncompiled.
        """
        if type(self).compile is not Compiling.compile:
            warnings.warn(
                "`compile()` was not called as part of model loading because the model's `compile()` method is custom. "
                f"Model '{self.name}': call it, or override `get_compile_config()` and `compile_from_config(config)` "
                f"in {type(self).__name__} too.",
                stacklevel=2,
            )
            return
        self.compile(**deserialize_object(config))

    # ---- the arguments of compile, matched with the model's outputs --------------------------------------------------
    def _outputs_of(self, y_pred: Any) -> Outputs:
        """The names and structure of the outputs y_pred."""
        return Outputs(y_pred, getattr(self, "output_names", None))

    def _loss_for(self, y_pred: Any) -> CompiledLoss:
        """The CompiledLoss; the first call makes it for the outputs y_pred."""
        if self._compile_loss is None:
            self._compile_loss = CompiledLoss(self.loss, self._loss_weights, self._outputs_of(y_pred))
        return self._compile_loss

    def _expected_loss(self) -> CompiledLoss | None:
        """The CompiledLoss; before the first call one for a graph's outputs. None if they or the loss are unknown."""
        if self._compile_loss is not None or self.loss is None:
            return self._compile_loss
        output = getattr(self, "output", None)
        return None if output is None else CompiledLoss(self.loss, self._loss_weights, self._outputs_of(output))

    def output_of(self, position: int, given: int) -> int:
        """The index of the output that an array of y or sample_weight is for.

        Args:
            position: of the array among the given ones.
            given: number of arrays; there may be arrays for only those outputs that have a loss.

        Returns:
            int.
        """
        loss = self._expected_loss()
        partial = loss is not None and given == len(loss.outputs) != len(loss)
        return loss.outputs[position] if loss is not None and partial else position

    def wants_integer_labels(self, output: int) -> bool:
        """Whether the loss of an output takes class indices as integers.

        Args:
            output: index of the output.

        Returns:
            bool; False without a loss.
        """
        loss = self._expected_loss()
        if loss is None:
            specs = [s for s in flatten(self.loss) if s is not None]
            if not specs:
                return False
            loss, output = CompiledLoss(specs[min(output, len(specs) - 1)], None, Outputs(None)), 0
        return output < len(loss) and loss.label_loss(output) is not None

    # ---- the loss of a batch -----------------------------------------------------------------------------------------
    @standard
    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> _core.Tensor:
        """The loss of a batch: the compiled losses plus those of layers (regularizers, `add_loss`). May be overridden.

        Args:
            x: inputs; unused here; default None.
            y: targets, or None (the default).
            y_pred: outputs of the model; default None.
            sample_weight: factors of the samples' losses, or None (the default).
            training: whether the batch is trained on; True by default.

        Returns:
            A scalar Tensor.

        Raises:
            ValueError: the model has no loss.
        """
        total = self._total_loss(y, y_pred, sample_weight)
        if training:
            finite.expect_finite_loss(total, now=True)
        return total

    def _total_loss(self, y: Any, y_pred: Any, sample_weight: Any) -> _core.Tensor:
        """`compute_loss` without the check for values that are not finite."""
        total = self._loss_for(y_pred)(y, y_pred, sample_weight) if self.loss is not None else None
        for extra in self.losses:
            total = extra if total is None else _core.add(total, extra)
        if total is None:
            raise ValueError(f"Model '{self.name}': expected compile(loss=...) or `add_loss`, received no loss.")
        return total

    def _compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """Calls `compute_loss`, which a subclass may define without `training`.

        In training it registers the loss for the finite check: the kernel that checks the gradients checks it too.
        """
        if type(self).compute_loss is Compiling.compute_loss:
            loss = self._total_loss(y, y_pred, sample_weight)
        else:
            more = {"training": training} if _takes_training(type(self).compute_loss) else {}
            loss = self.compute_loss(x, y, y_pred, sample_weight, **more)
        if training:
            finite.expect_finite_loss(loss)
        return loss

    def _track_loss(self, loss: Any, x: Any) -> None:
        """Adds the loss to its mean, weighted by the batch's rows."""
        assert self._loss_tracker is not None
        rows = next(leaf for leaf in flatten(x) if leaf is not None).shape[0]
        self._loss_tracker.update_state(loss, sample_weight=float(rows))


@functools.lru_cache(maxsize=256)
def _takes_training(compute_loss: Any) -> bool:
    """Whether a `compute_loss` has the parameter `training`."""
    return "training" in inspect.signature(compute_loss).parameters
