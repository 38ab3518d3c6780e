"""Fitting: the part of Trainer with `fit`, `evaluate` and `predict`."""

from __future__ import annotations

import contextlib
from typing import Any

from netlet import callbacks as callbacks_module
from netlet import config
from netlet.base.exclusive import ExclusiveUse, LongUse, for_long
from netlet.base.tree import map_structure

from . import agreement, arguments, results
from .data_sources import ArrayData, ArraySource, DataSource, data_source, is_array_like, is_chunked, parts_of
from .epoch_iterator import EpochIterator
from .loop import StepRunner
from .placement import on_own_device
from .state import StepState
from .step import StepCache


class Fitting:
    """The part of Trainer that runs steps over whole data sets. `Trainer` adds `compile` and the steps."""

    name: str
    optimizer: Any
    check_finite: bool
    steps_per_execution: int
    trainable_variables: list[Any]
    _steps: StepCache
    _exclusive: ExclusiveUse
    _step_state: StepState
    _require_compiled: Any
    reset_metrics: Any
    run_ahead: Any

    def _init_fitting(self) -> None:
        """Sets the fields of a model that has not been trained."""
        self._exclusive = ExclusiveUse(f"Model '{self.name}'")
        self._steps = StepCache()
        self._step_state = StepState()
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.history: Any = None
        self._fitting: StepRunner | None = None  # while `fit` runs; afterwards the model keeps none of its data
        self._initial_epoch = 0

    @for_long
    @on_own_device
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
            x: array (N, ...), a list or dict of arrays, a DataFrame, or an iterable of (x, y[, sample_weight]) batches.
                Texts for a model that begins with a text layer. An iterable is advanced by one thread, at most two
                batches ahead and never beyond `steps_per_epoch`; with `run_eagerly=True` by the calling thread.
            y: targets with N rows, or a list or dict of them; None (the default) with an iterable.
            batch_size: rows of a step; by default 32, or the rows divided by `steps_per_epoch`. The last batch may be
                shorter.
            epochs: number of epochs, counted from epoch 0: `initial_epoch` to `epochs - 1` are run; 1 by default.
            verbose: 0 silent, 1 a progress line, 2 a line per epoch; "auto" is 1. "auto" by default.
            callbacks: a `callbacks.Callback`, or a list of them; None (the default): none.
            validation_split: fraction of the rows to validate on, between 0 and 1. These are the last rows before any
                shuffling. 0.0 by default.
            validation_data: (x, y) or (x, y, sample_weight), or an iterable of such batches; None (the default): no
                validation.
            shuffle: whether each epoch has a new order of the rows, or of a PyDataset's batches; "batch" shuffles only
                inside of each batch. True by default.
            class_weight: {class index: factor of its samples' loss}; 1 for other classes. Not for the validation data.
                None by default.
            sample_weight: factor of each sample's loss, shape (N,); None (the default): 1.
            initial_epoch: index of the first epoch, from 0; 0 by default.
            steps_per_epoch: steps of an epoch. The next epoch continues where this one stopped, and the data start
                again when an epoch ends with them. Needed for endless iterables. None (the default): all batches.
            validation_steps: steps of each validation; None (the default): all batches.
            validation_batch_size: rows of a validation step; `batch_size` by default.
            validation_freq: validate every this many epochs, or in the listed epochs (counted from 1); 1 by default.

        Returns:
            `callbacks.History`; its `history["loss"]` and so on are lists with one value per epoch.

        Raises:
            ValueError: not compiled, wrong shapes, empty arrays, labels outside of the model's classes.
            NonFiniteLossError: the loss or a gradient became NaN or infinite (see `compile(check_finite=)`).

        Warns:
            UserWarning: the data ended before `steps_per_epoch` steps. A generator that is exhausted ends the training.

        Example:

        >>> import netlet, numpy
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(numpy.ones((8, 3)), numpy.ones(8), epochs=2, verbose=0)
        >>> len(history.history["loss"])
        2
        """
        self._require_compiled("fit")
        arguments.check_fit(
            epochs,
            initial_epoch,
            validation_freq,
            shuffle,
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
        )
        epochs = arguments.limited("epochs", epochs, config.max_epochs()) or 0
        if validation_split and validation_data is None:
            x, validation_data = self._held_out(x, y, sample_weight, validation_split)
            y = sample_weight = None
        source = data_source(
            self,
            "train",
            "fit",
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps_per_epoch,
            shuffle=shuffle,
            class_weight=class_weight,
        )
        batches = self._epochs(source, steps_per_epoch)
        agreement.share_seeds(self)
        agreement.check_data("fit", batches, epochs=epochs, initial_epoch=initial_epoch, shuffle=shuffle)
        callbacks = self._callback_list(callbacks, verbose, epochs=epochs, batches=batches, history=True)
        self.stop_training = False
        runner = StepRunner(self, "train", batches, self.check_finite and not callbacks_module.handles_nan(callbacks))
        validation = None
        if validation_data is not None:
            validation = self._validation(validation_data, validation_batch_size or batch_size, validation_steps)
            agreement.check_data("fit(validation_data=)", validation.batches, validation_freq=validation_freq)
        with contextlib.ExitStack() as stack:
            stack.enter_context(callbacks._releasing())
            self._fitting = runner
            stack.callback(setattr, self, "_fitting", None)
            for used in (runner, validation):
                if used is not None:
                    stack.callback(used.batches.close)
                    used.prepare()
            agreement.share_state(self)
            if self.optimizer is not None and epochs:
                stack.callback(self._finalize_variables)  # as in Keras, also if a callback raises
            logs: dict[str, float] = {}
            self._initial_epoch = initial_epoch
            callbacks.on_train_begin()
            for epoch in range(self._initial_epoch, epochs):
                if not batches.more():
                    break
                self.reset_metrics()
                callbacks.on_epoch_begin(epoch)
                logs = runner.run(callbacks, epoch)
                if validation is not None and arguments.due(validation_freq, epoch) and validation.batches.more():
                    more = self._evaluated(validation, callbacks)
                    logs = {**logs, **{f"val_{name}": value for name, value in more.items()}}
                callbacks.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
        callbacks.on_train_end(logs)
        return self.history

    def _finalize_variables(self) -> None:
        """Lets the optimizer write its final values, e.g. moving averages, to the variables."""
        if self.optimizer.built:
            with self._exclusive.turn():
                self.optimizer.finalize_variable_values(self.trainable_variables)

    def _held_out(self, x: Any, y: Any, sample_weight: Any, fraction: float) -> tuple[ArrayData, ArrayData]:
        """(rows to train on, rows to validate on) for `validation_split`."""
        if x is None or not is_array_like(x):
            raise ValueError(
                f"fit(validation_split=): expected x as arrays, received {type(x).__name__}; use validation_data for "
                "an iterable."
            )
        if kind := is_chunked(x, y, sample_weight):
            raise ValueError(
                f"fit(validation_split=): expected arrays in memory, received a {kind}; use validation_data for parts "
                "of it."
            )
        if not 0 < fraction < 1:
            raise ValueError(f"fit(validation_split=): expected a fraction between 0 and 1, received {fraction}.")
        return ArrayData(self.run_ahead(x), y, sample_weight, method="fit").split(fraction)

    def _validation(self, data: Any, batch_size: int | None, steps: int | None) -> StepRunner:
        """The runner for `validation_data`."""
        parts = parts_of(data, "fit(validation_data=)")
        source = data_source(self, "test", "validation_data", *parts, batch_size=batch_size, steps=steps)
        return StepRunner(self, "test", self._epochs(source, steps))

    def _epochs(self, source: DataSource, steps: int | None) -> EpochIterator:
        """The epochs of `steps` batches, within the limit of `config.set_max_steps_per_epoch`."""
        steps = arguments.limited("steps_per_epoch", steps, config.max_steps_per_epoch())
        return EpochIterator(source, steps, self.steps_per_execution, self._step_state.shuffle)

    def _evaluated(self, runner: StepRunner, callbacks: Any) -> dict[str, Any]:
        """The logs of one pass over the data in mode "test", with its callback hooks."""
        self.stop_evaluating = False
        self.reset_metrics()
        callbacks.on_test_begin()
        runner.batches.restart()
        logs = runner.run(callbacks)
        callbacks.on_test_end(logs)
        return logs

    def _callback_list(
        self, callbacks: Any, verbose: Any, *, epochs: int, batches: EpochIterator, history: bool = False
    ) -> Any:
        """The callbacks as a CallbackList, with a progress line and, if `history`, a History."""
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
            steps=batches.num_batches,
        )

    @on_own_device
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
        """Computes the loss and the metrics over the data, as exact means over all rows.

        Args:
            x: array (N, ...), a list or dict of arrays, or an iterable of (x, y[, sample_weight]) batches.
            y: targets with N rows; None (the default) with an iterable.
            batch_size: rows of a step; by default 32, or the rows divided by `steps`.
            verbose: 0 silent, 1 a progress line, 2 a line at the end; "auto" is 1. "auto" by default.
            sample_weight: factor of each sample's loss, shape (N,); not with an iterable; None (the default): 1.
            steps: number of batches; by default all.
            callbacks: a `callbacks.Callback`, or a list of them; None (the default): none.
            return_dict: whether to return a dict; False by default.

        Returns:
            The loss; [loss, *metrics] if there are metrics; a dict by name with `return_dict=True`.

        Raises:
            ValueError: not compiled, wrong shapes, empty arrays, labels outside of the model's classes.

        Example:

        >>> import netlet, numpy
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> model.evaluate(numpy.ones((8, 3)), numpy.ones(8), verbose=0)
        1.0
        """
        self._require_compiled("evaluate")
        arguments.check_count("evaluate(batch_size=)", batch_size, none_too=True)
        arguments.check_count("evaluate(steps=)", steps, none_too=True)
        source = data_source(self, "test", "evaluate", x, y, sample_weight, batch_size=batch_size, steps=steps)
        runner = StepRunner(self, "test", self._epochs(source, steps))
        agreement.check_data("evaluate", runner.batches)
        callbacks = self._callback_list(callbacks, verbose, epochs=1, batches=runner.batches)
        # Over arrays it is one turn: they need no thread, which could wait for one.
        alone = LongUse(self._exclusive, "evaluate") if runner.arrays is None else self._exclusive.turn()
        with alone, contextlib.closing(runner.batches):
            self._exclusive.check("evaluate")
            runner.prepare()
            logs = self._evaluated(runner, callbacks)
        return dict(logs) if return_dict else results.in_order(logs)

    @on_own_device
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Computes the model's outputs for all rows. The model need not be compiled.

        Args:
            x: array (N, ...), a list or dict of arrays, or an iterable of batches (y and sample_weight are ignored).
            batch_size: rows of a step; by default 32, or the rows divided by `steps`.
            verbose: 0 silent, 1 a progress line, 2 a line at the end; "auto" is 1. "auto" by default.
            steps: number of batches; by default all.
            callbacks: a `callbacks.Callback`, or a list of them; None (the default): none.

        Returns:
            NumPy arrays of shape (N, ...), in the structure of the model's outputs. N may be 0.

        Raises:
            ValueError: wrong shapes, or an iterable without batches.

        Example:

        >>> import netlet, numpy
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
        >>> model.predict(numpy.ones((8, 3)), verbose=0).shape
        (8, 2)
        """
        arguments.check_count("predict(batch_size=)", batch_size, none_too=True)
        arguments.check_count("predict(steps=)", steps, none_too=True)
        source = data_source(self, "predict", "predict", x, batch_size=batch_size, steps=steps)
        empty = False
        if isinstance(source, ArraySource) and not source.data.rows:
            source, steps, empty = ArraySource(source.data.blank()), None, True
        runner = StepRunner(self, "predict", self._epochs(source, steps))
        callbacks = self._callback_list(callbacks, verbose, epochs=1, batches=runner.batches)
        alone = contextlib.nullcontext() if runner.arrays is None else self._exclusive.turn()
        with alone, contextlib.closing(runner.batches):
            self.stop_predicting = False
            runner.prepare()
            callbacks.on_predict_begin()
            runner.run(None if empty else callbacks)
        callbacks.on_predict_end()
        outputs = runner.predictions.result()
        return map_structure(lambda y: y[:0], outputs) if empty else outputs
