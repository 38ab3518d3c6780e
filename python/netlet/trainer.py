"""Trainer: compile, fit, evaluate and predict, for every kind of model.

`train_step` runs once for each shape of batch, on a recording tape; `fit` replays the recorded plan natively, many
batches in one call, and comes back to Python about twenty times a second to draw progress and to notice Ctrl-C.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _core, optimizers
from . import callbacks as callbacks_module
from . import metrics as metrics_module
from .gradient_tape import GradientTape
from .training import results
from .training.compiled import CompiledLoss, CompiledMetrics
from .training.data import ArrayData, apply_class_weight, batches, is_array_like, unpack_x_y_sample_weight
from .training.loop import StepRunner
from .training.plan_view import PlanView
from .training.repeat import BatchRepeater, key_of
from .training.step import StepCache
from .utils.tree import flatten


class Trainer:
    """What makes a model trainable. Mixed into `Model`; not used by itself."""

    # Set by the model classes.
    built: bool
    name: str
    run_ahead: Callable[[Any], Any]

    def _init_trainer(self) -> None:
        self._steps = StepCache()
        self._repeaters: dict[Any, BatchRepeater] = {}
        self._predictors: dict[tuple[int, ...], tuple[int, Any]] = {}
        self._step_cell = _core.tensor(0, dtype="int64")
        self._finite_flag: _core.Tensor | None = None
        self._shuffle = results.ShuffleOrder()
        self._compiled = False
        self._built_for_training = False
        self.optimizer: Any = None
        self.loss: Any = None
        self.stop_training = False
        self.history: Any = None
        self.run_eagerly = False

    # ---- compile ---------------------------------------------------------------------------------------------------
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
        """Sets how the model is trained.

        Args:
            optimizer: name or `optimizers.Optimizer`.
            loss: name, `losses.Loss` or `fn(y_true, y_pred)`; a list or dict of them for several outputs.
            loss_weights: factors of the outputs' losses in their sum.
            metrics, weighted_metrics: names, `metrics.Metric`s or functions; the latter honour `sample_weight`.
            run_eagerly: run `train_step` in Python for every batch instead of recording it.
            steps_per_execution, jit_compile, auto_scale_loss: accepted as in Keras; netlet always runs many
                recorded steps in one native call.
            check_finite: stop with a NonFiniteLossError, weights untouched, when the loss is NaN or infinite.

        Raises:
            ValueError: an unknown name, with the nearest known one; losses that do not fit the outputs.
        """
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self._loss_weights = loss_weights
        self._metrics_given, self._weighted_metrics_given = metrics, weighted_metrics
        self.run_eagerly = bool(run_eagerly)
        self.steps_per_execution = steps_per_execution
        self.check_finite = bool(check_finite)
        self._loss_tracker = metrics_module.Mean(name="loss")
        self._compile_loss: CompiledLoss | None = None
        self._compile_metrics: CompiledMetrics | None = None
        self._compile_config = {
            "optimizer": self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": steps_per_execution,
            "check_finite": self.check_finite,
        }
        # A misspelt name is told here, not at the first batch.
        for spec in flatten(loss):
            if isinstance(spec, str):
                CompiledLoss(spec, None, ["output"])
        for spec in [*flatten(metrics), *flatten(weighted_metrics)]:
            if isinstance(spec, str) and spec not in ("accuracy", "acc", "crossentropy", "ce"):
                metrics_module.get(spec)
        self._steps.clear()
        self._repeaters.clear()
        self._compiled = True
        self.stop_training = False

    @property
    def compiled(self) -> bool:
        return self._compiled

    def _require_compiled(self, method: str) -> None:
        if not self._compiled:
            raise ValueError(
                f"Model '{self.name}' must be compiled before {method}(): call model.compile(optimizer, loss, ...)."
            )

    def _compiled_parts(self, y_pred: Any) -> tuple[CompiledLoss, CompiledMetrics]:
        if self._compile_loss is None or self._compile_metrics is None:
            outputs = len(flatten(y_pred))
            named = isinstance(y_pred, dict) and len(y_pred) == outputs
            names = sorted(y_pred) if named else list(getattr(self, "output_names", None) or [])
            if len(names) != outputs:
                names = [f"output_{i + 1}" for i in range(outputs)]
            self._compile_loss = CompiledLoss(self.loss, self._loss_weights, names)
            self._compile_metrics = CompiledMetrics(self._metrics_given, self._weighted_metrics_given, names)
        return self._compile_loss, self._compile_metrics

    def _wants_integer_labels(self, output: int) -> bool:
        if not self._compiled or self.loss is None:
            return False
        if self._compile_loss is not None:
            return self._compile_loss.wants_integer_labels(output)
        specs = [s for s in flatten(self.loss) if s is not None]
        index = min(output, len(specs) - 1)
        return index >= 0 and CompiledLoss(specs[index], None, ["output"]).wants_integer_labels(0)

    # ---- one step: what is recorded, and what a subclass may override ------------------------------------------------
    def train_step(self, data: Any) -> Any:
        """One step of training on a Batch. Recorded once for each shape; may be overridden, as in Keras.

        Returns:
            None, or a dict of Tensors that appear in the logs beside the metrics.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        self._track_loss(loss, x)
        self.compute_metrics(x, y, y_pred, sample_weight)
        variables = self.trainable_variables  # type: ignore[attr-defined]
        if variables:
            gradients = tape.gradient(scaled, variables)
            self.optimizer.apply(gradients, variables)
        else:
            warnings.warn(f"Model '{self.name}' has no trainable weights.", stacklevel=2)
        return None

    def test_step(self, data: Any) -> Any:
        """Loss and metrics of one Batch."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        self._track_loss(self.compute_loss(x, y, y_pred, sample_weight, training=False), x)
        self.compute_metrics(x, y, y_pred, sample_weight)
        return None

    def predict_step(self, data: Any) -> Any:
        """The outputs for one Batch."""
        return self(unpack_x_y_sample_weight(data).x, training=False)  # type: ignore[operator]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> _core.Tensor:
        """The compiled losses plus what layers added (regularizers, `add_loss`), as a scalar Tensor."""
        compiled, _ = self._compiled_parts(y_pred)
        total = compiled(y, y_pred, sample_weight) if self.loss is not None else None
        for extra in self.losses:  # type: ignore[attr-defined]
            total = extra if total is None else _core.add(total, extra)
        if total is None:
            raise ValueError(f"Model '{self.name}' has no loss to minimise: give compile(loss=...) or use add_loss.")
        if training and self._finite_flag is not None:
            _core.check_finite(total, self._finite_flag)
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the compiled metrics with one batch."""
        _, compiled = self._compiled_parts(y_pred)
        compiled.update_state(y, y_pred, sample_weight)
        return {} if _core.recording() else self.get_metrics_result()

    def _track_loss(self, loss: Any, x: Any) -> None:
        self._loss_tracker.update_state(loss, sample_weight=float(flatten(x)[0].shape[0]))

    @property
    def metrics(self) -> list[Any]:
        """The loss tracker, the compiled metrics, and those that layers hold."""
        own: list[Any] = [self._loss_tracker] if self._compiled else []
        if self._compiled and self._compile_loss is not None and self._compile_metrics is not None:
            own += [*self._compile_loss.trackers, *self._compile_metrics.metrics]
        seen = {id(m) for m in own}
        for layer in getattr(self, "_flatten_layers", lambda: [])():
            for m in getattr(layer, "_metrics", []):
                if id(m) not in seen:
                    seen.add(id(m))
                    own.append(m)
        return own

    @property
    def metrics_names(self) -> list[str]:
        return list(self.get_metrics_result())

    def reset_metrics(self) -> None:
        for m in self.metrics:
            m.reset_state()

    def get_metrics_result(self) -> dict[str, float]:
        """What the metrics say now, by log name; the loss first."""
        logs: dict[str, Any] = {}
        named = self._compile_metrics.results() if self._compile_metrics is not None else {}
        compiled = {id(m) for m in (self._compile_metrics.metrics if self._compile_metrics is not None else [])}
        for m in self.metrics:
            if id(m) not in compiled:
                logs[m.name] = m.result()
        logs.update(named)
        return {name: results.as_number(value) for name, value in logs.items()}

    # ---- fit -------------------------------------------------------------------------------------------------------
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | list[int] = 1,
    ) -> Any:
        """Trains the model.

        Args:
            x: array (N, ...), a list or dict of arrays, a DataFrame, or an iterable of (x, y[, sample_weight]) batches;
                texts for a model that begins with a layer of text.
            y: targets, one row a sample; not with an iterable.
            batch_size: rows a step (32); the last batch may be shorter.
            epochs: passes over the data, counted from `initial_epoch`.
            verbose: 0 silent, 1 a progress line, 2 a line an epoch, "auto" 1.
            callbacks: list of `callbacks.Callback`.
            validation_split: the last fraction of the rows, taken before shuffling.
            validation_data: (x, y) or (x, y, sample_weight), or an iterable of such batches.
            shuffle: a new order of the rows each epoch.
            class_weight: {class index: factor of its samples' loss}.
            sample_weight: factor of each sample's loss, shape (N,).
            steps_per_epoch, validation_steps: stop an epoch early; needed for endless iterables.
            validation_freq: validate each so many epochs, or in the listed ones.

        Returns:
            `callbacks.History`: `.history["loss"]`, ... one value an epoch.

        Raises:
            ValueError: not compiled, wrong shapes, empty arrays, labels outside of the model's classes.
            NonFiniteLossError: the loss became NaN or infinite (see `compile(check_finite=)`).
        """
        self._require_compiled("fit")
        results.check_count("fit(epochs=)", epochs, least=0)
        results.check_count("fit(batch_size=)", batch_size, none_too=True)
        train, validation = self._fit_data(
            x, y, sample_weight, class_weight, validation_split, validation_data, batch_size, steps_per_epoch
        )
        runner = StepRunner(self, "train", train, batch_size, steps_per_epoch, shuffle)
        callbacks = self._callback_list(callbacks, verbose, epochs=epochs, steps=runner.steps, history=True)
        self.stop_training = False
        runner.check_finite = self.check_finite and not callbacks_module.handles_nan(callbacks)
        runner.prepare()
        logs: dict[str, float] = {}
        callbacks.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            self.reset_metrics()
            callbacks.on_epoch_begin(epoch)
            logs = runner.run(callbacks, epoch)
            if validation is not None and results.due(validation_freq, epoch):
                x_val, y_val, weight_val = validation
                val = self.evaluate(
                    x_val,
                    y_val,
                    sample_weight=weight_val,
                    batch_size=validation_batch_size or batch_size,
                    steps=validation_steps,
                    verbose=0,
                    callbacks=callbacks,
                    return_dict=True,
                )
                logs.update({f"val_{name}": value for name, value in val.items()})
            callbacks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        self.optimizer.finalize_variable_values(self.trainable_variables)  # type: ignore[attr-defined]
        callbacks.on_train_end(logs)
        return self.history

    def _arrays(self, method: str, x: Any, y: Any = None, sample_weight: Any = None) -> ArrayData:
        """Arrays as the model's steps see them: layers of text at its front have run."""
        return ArrayData(self.run_ahead(x), y, sample_weight, method=method)

    def _data(self, method: str, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """The same, or a function that starts an iterator of batches."""
        return self._arrays(method, x, y, sample_weight) if is_array_like(x) else batches(x)

    def _fit_data(
        self,
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: Any,
        validation_split: float,
        validation_data: Any,
        batch_size: int | None,
        steps: int | None,
    ) -> tuple[Any, tuple[Any, ...] | None]:
        """The training data, and validation data as positional arguments of `evaluate`."""
        if x is None:
            raise ValueError("fit: x is missing: give arrays, or an iterable of batches.")
        if is_array_like(x):
            train: Any = self._arrays("fit", x, y, sample_weight)
            if class_weight is not None:
                apply_class_weight(train, class_weight)
        else:
            for name, value in (("y", y), ("sample_weight", sample_weight)):
                if value is not None:
                    raise ValueError(f"fit: {name} comes with the batches when x is an iterable; given both.")
            if validation_split:
                raise ValueError("fit: validation_split needs arrays; give validation_data with an iterable.")
            train = batches(x)
        if validation_data is not None:
            parts = validation_data if isinstance(validation_data, (list, tuple)) else (validation_data,)
            return train, tuple(unpack_x_y_sample_weight(tuple(parts)))
        if validation_split:
            if not 0 < validation_split < 1:
                raise ValueError(f"fit: validation_split must lie between 0 and 1; given {validation_split}.")
            train, held_out = train.split(validation_split)
            return train, (held_out, None, None)
        return train, None

    def _callback_list(self, callbacks: Any, verbose: Any, *, epochs: int, steps: int | None, history: bool) -> Any:
        if isinstance(callbacks, callbacks_module.CallbackList):
            return callbacks
        verbose = 1 if verbose == "auto" else int(verbose)
        return callbacks_module.CallbackList(
            callbacks,
            add_history=history,
            add_progbar=verbose != 0,
            model=self,
            verbose=verbose,
            epochs=epochs,
            steps=steps,
        )

    # ---- evaluate and predict ----------------------------------------------------------------------------------------
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics over the data, exact over all rows.

        Returns:
            The loss; [loss, *metrics] where there are metrics; a dict by name with `return_dict=True`.
        """
        self._require_compiled("evaluate")
        results.check_count("evaluate(batch_size=)", batch_size, none_too=True)
        data = x if isinstance(x, ArrayData) else self._data("evaluate", x, y, sample_weight)
        runner = StepRunner(self, "test", data, batch_size, steps, shuffle=False)
        callbacks = self._callback_list(callbacks, verbose, epochs=1, steps=runner.steps, history=False)
        runner.prepare()
        self.reset_metrics()
        callbacks.on_test_begin()
        logs = runner.run(callbacks)
        callbacks.on_test_end(logs)
        return dict(logs) if return_dict else results.in_order(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's outputs for all rows, in batches of `batch_size` (32): arrays with one row a sample."""
        results.check_count("predict(batch_size=)", batch_size, none_too=True)
        data = self._data("predict", x)
        runner = StepRunner(self, "predict", data, batch_size, steps, shuffle=False)
        callbacks = self._callback_list(callbacks, verbose, epochs=1, steps=runner.steps, history=False)
        runner.prepare()
        callbacks.on_predict_begin()
        runner.run(callbacks)
        callbacks.on_predict_end()
        return runner.predictions()

    # ---- single batches ----------------------------------------------------------------------------------------------
    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch; returns its loss, or [loss, *metrics], or a dict with `return_dict=True`."""
        self._require_compiled("train_on_batch")
        if sample_weight is None and class_weight is None and (logs := self._repeat("train", x, y)) is not None:
            return logs if return_dict else results.in_order(logs)
        data = self._arrays("train_on_batch", x, y, sample_weight)
        if class_weight is not None:
            apply_class_weight(data, class_weight)
        return self._on_batch("train", data, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss, or [loss, *metrics], of one batch."""
        self._require_compiled("test_on_batch")
        if sample_weight is None and (logs := self._repeat("test", x, y)) is not None:
            return logs if return_dict else results.in_order(logs)
        return self._on_batch("test", self._arrays("test_on_batch", x, y, sample_weight), return_dict)

    def _on_batch(self, mode: str, data: ArrayData, return_dict: bool) -> Any:
        runner = StepRunner(self, mode, data, data.rows, 1, shuffle=False)
        runner.check_finite = self.check_finite and mode == "train"
        runner.prepare()
        self.reset_metrics()
        logs = runner.run(None)
        self._remember_batch(mode, data)
        return logs if return_dict else results.in_order(logs)

    def _repeat(self, mode: str, x: Any, y: Any) -> dict[str, float] | None:
        """One step through a BatchRepeater, where the same kind of batch came before."""
        key = key_of(mode, x, y)
        repeater = self._repeaters.get(key)
        return None if repeater is None else repeater(x, y)

    def _remember_batch(self, mode: str, data: ArrayData) -> None:
        plain = isinstance(data.x, _core.Tensor) and isinstance(data.y, _core.Tensor) and data.sample_weight is None
        if not plain or self.run_eagerly or self.has_front:  # type: ignore[attr-defined]
            return
        check = self.check_finite and mode == "train"
        loss = self._compile_loss
        labels = loss is not None and loss.wants_integer_labels(0)
        key = key_of(mode, data.x.numpy(), data.y.numpy())
        # A repeater knows classes from 0 on, but neither one that is ignored nor sequences of them.
        if not labels or loss.losses[0].wants_plain_classes:  # type: ignore[union-attr]
            step = self._steps.get(self, mode, data, data.rows, check)
            classes = loss.shapes[0][-1] if labels else None  # type: ignore[union-attr, index]
            self._repeaters[key] = BatchRepeater(self, mode, step, classes)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as arrays."""
        if type(x) is np.ndarray:
            known = self._predictors.get(x.shape)
            if known is not None and known[0] == results.storage_epoch():
                y = known[1](x)
                if y is not None:
                    return y
        data = self._arrays("predict_on_batch", x)
        runner = StepRunner(self, "predict", data, data.rows, 1, shuffle=False)
        runner.prepare()
        runner.run(None)
        if isinstance(data.x, _core.Tensor) and not self.run_eagerly and not self.has_front:  # type: ignore[attr-defined]
            step = self._steps.get(self, "predict", data, data.rows)
            if isinstance(step.outputs, _core.Tensor):
                self._predictors[data.x.shape] = (step.epoch, step.plan.predict)
        return runner.predictions()

    # ---- what is run -------------------------------------------------------------------------------------------------
    def plan(
        self, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int = 32, mode: str = "predict"
    ) -> PlanView:
        """The recorded step for a batch of such arrays: `.describe()` lists its kernels, `.profile()` times them.

        Args:
            x, y, sample_weight: arrays of at least `batch_size` rows, as for `fit` or `predict`.
            mode: "train", "test" or "predict".
        """
        if mode not in ("train", "test", "predict"):
            raise ValueError(f'plan(mode=): expected "train", "test" or "predict"; given {mode!r}.')
        if mode != "predict":
            self._require_compiled("plan")
        data = self._arrays("plan", x, y, sample_weight)
        runner = StepRunner(self, mode, data, batch_size, None, shuffle=False)
        runner.prepare()
        return PlanView(self, mode, self._steps.get(self, mode, data, runner.batch, False), data, runner.batch)

    # ---- what a file keeps -------------------------------------------------------------------------------------------
    def _training_state(self) -> dict[str, Any]:
        """The state that training goes on from beside weights and optimizer slots."""
        return {"step": int(self._step_cell.numpy().item()), "shuffle": self._shuffle.get()}

    def _set_training_state(self, state: dict[str, Any]) -> None:
        self._step_cell.copy_from(np.asarray(int(state["step"]), np.int64))
        self._shuffle.set(state["shuffle"])

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was given, for saving; None before."""
        return dict(self._compile_config) if self._compiled else None

    def _forget_recorded_steps(self) -> None:
        """To be called when the model's structure changes."""
        self._steps.clear()
        self._repeaters.clear()
        self._predictors.clear()
        self._built_for_training = False
