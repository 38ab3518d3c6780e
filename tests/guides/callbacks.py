"""The ideas of Keras's guide "Writing your own callbacks"."""

from __future__ import annotations

import numpy as np

from support.both import start_from_the_same_weights

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 5)).astype("float32"), RNG.normal(size=(40, 1)).astype("float32")


def model_of(keras):
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
    start_from_the_same_weights(model)
    model.compile(optimizer=keras.optimizers.RMSprop(0.1), loss="mean_squared_error", metrics=["mean_absolute_error"])
    return model


def every_hook(keras):
    """The order of all hooks in fit, evaluate and predict, and the keys of their logs."""
    seen = []
    names = ["begin", "end", "batch_begin", "batch_end"]
    hooks = [f"on_{mode}_{name}" for mode in ("train", "test", "predict") for name in names]

    def hook(name):
        def call(self, *arguments, logs=None):
            logs = logs if logs is not None else arguments[-1] if isinstance(arguments[-1], dict) else {}
            number = f" {arguments[0]}" if isinstance(arguments[0], int) else ""
            seen.append(f"{name}{number} {sorted(logs)}" if "predict" not in name else f"{name}{number}")

        return call

    methods = {name: hook(name) for name in [*hooks, "on_epoch_begin", "on_epoch_end"]}

    def with_logs(method):
        return lambda self, *a, logs=None: method(self, *(a or (None,)), logs=logs)

    Recorder = type("Recorder", (keras.callbacks.Callback,), {n: with_logs(m) for n, m in methods.items()})
    model = model_of(keras)
    model.fit(X[:20], Y[:20], batch_size=10, epochs=2, validation_split=0.5, callbacks=[Recorder()], verbose=0)
    model.evaluate(X[:20], Y[:20], batch_size=10, callbacks=[Recorder()], verbose=0)
    model.predict(X[:20], batch_size=10, callbacks=[Recorder()], verbose=0)
    return {"hooks": seen}


def stop_at_the_smallest_loss(keras):
    """A callback that keeps the best weights, stops training and puts them back."""

    class Stop(keras.callbacks.Callback):
        def __init__(self, patience=0):
            super().__init__()
            self.patience, self.best_weights = patience, None

        def on_train_begin(self, logs=None):
            self.wait, self.stopped_epoch, self.best = 0, 0, np.inf

        def on_epoch_end(self, epoch, logs=None):
            current = logs.get("loss")
            if np.less(current, self.best):
                self.best, self.wait, self.best_weights = current, 0, self.model.get_weights()
            else:
                self.wait += 1
                if self.wait >= self.patience:
                    self.stopped_epoch = epoch
                    self.model.stop_training = True
                    self.model.set_weights(self.best_weights)

    model = model_of(keras)
    model.optimizer.learning_rate = 0.9  # too large: the loss grows again soon
    stop = Stop(1)
    history = model.fit(X, Y, batch_size=10, epochs=30, shuffle=False, callbacks=[stop], verbose=0)
    return {
        "loss": history.history["loss"],
        "stopped": [stop.stopped_epoch, len(history.epoch)],
        "w": model.get_weights()[0],
    }


def rates_by_epoch(keras):
    """A callback that reads and sets the optimizer's learning rate, and one with state shared over epochs."""
    rates, counts = [], {"batches": 0}
    table = {1: 0.05, 2: 0.01}

    class Rates(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            rate = float(np.asarray(self.model.optimizer.learning_rate))
            self.model.optimizer.learning_rate = table.get(epoch, rate)
            rates.append(float(np.asarray(self.model.optimizer.learning_rate)))

    count = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: counts.update(batches=counts["batches"] + 1)
    )
    history = model_of(keras).fit(X, Y, batch_size=8, epochs=4, shuffle=False, callbacks=[Rates(), count], verbose=0)
    return {"rates": rates, "batches": [counts["batches"]], **history.history}


SCRIPTS = [every_hook, stop_at_the_smallest_loss, rates_by_epoch]
