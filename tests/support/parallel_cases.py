"""Small trainings, for the comparison of several numbers of processes. Each is run by all ranks of one launch."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import netlet
from netlet import layers, losses, ops, optimizers
from netlet.distribution import DataParallel, set_distribution

SHARDS = 8
ROWS, FEATURES, CLASSES = 60, 12, 5
_random = np.random.RandomState(0)
X = _random.randn(ROWS, FEATURES).astype("float32")
Y = (X @ _random.randn(FEATURES, CLASSES)).argmax(1)
WEIGHTS = _random.rand(ROWS).astype("float32")


def mlp(*more: Any, **options: Any) -> Any:
    return netlet.Sequential(
        [netlet.Input((FEATURES,)), layers.Dense(16, "relu", **options), *more, layers.Dense(CLASSES)]
    )


def images(norm: Any) -> Any:
    return netlet.Sequential(
        [
            netlet.Input((FEATURES,)),
            layers.Reshape((4, 3, 1)),
            layers.Conv2D(6, 3, padding="same"),
            norm,
            layers.Activation("relu"),
            layers.Flatten(),
            layers.Dense(CLASSES),
        ]
    )


def steps_to_ids() -> Any:
    return layers.Lambda(lambda x: ops.cast(ops.maximum(x * 3, 0), "int32"))


def recurrent() -> Any:
    return netlet.Sequential(
        [netlet.Input((FEATURES,)), layers.Reshape((4, 3)), layers.LSTM(6, dropout=0.3), layers.Dense(CLASSES)]
    )


def masked() -> Any:
    return netlet.Sequential(
        [
            netlet.Input((FEATURES,)),
            steps_to_ids(),
            layers.Embedding(20, 6, mask_zero=True),
            layers.GRU(5, return_sequences=True),
            layers.Dense(CLASSES),
        ]
    )


def attentive() -> Any:
    inputs = netlet.Input((FEATURES,))
    x = layers.Reshape((4, 3))(inputs)
    x = layers.MultiHeadAttention(2, 4, dropout=0.3)(x, x)
    return netlet.Model(inputs, layers.Dense(CLASSES)(layers.Flatten()(x)))


class OwnStep(netlet.Model):
    """A model with its own `train_step`, as users of Keras write it."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out = layers.Dense(8, "tanh"), layers.Dense(CLASSES)

    def call(self, x: Any) -> Any:
        return self.out(self.hidden(x))

    def train_step(self, data: Any) -> Any:
        x, y = data
        with netlet.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
        norm = ops.sum(ops.square(x))
        return {"loss": loss, "norm": norm / x.shape[0]}


@dataclass
class Case:
    """One training.

    Attributes:
        model: makes the model.
        optimizer: makes the optimizer.
        loss: arguments of the loss.
        y: the targets.
        fit: arguments of `fit`.
        compile: arguments of `compile`.
        parallel: arguments of DataParallel.
        as_alone: whether a process without distribution computes the same, up to rounding.
    """

    model: Callable[[], Any] = mlp
    optimizer: Callable[[], Any] = lambda: optimizers.SGD(0.1)
    loss: dict[str, Any] = field(default_factory=dict)
    y: Any = field(default_factory=lambda: Y)
    fit: dict[str, Any] = field(default_factory=dict)
    compile: dict[str, Any] = field(default_factory=dict)
    parallel: dict[str, Any] = field(default_factory=dict)
    as_alone: bool = True


def steps(y: np.ndarray) -> np.ndarray:
    return np.repeat(y[:, None], FEATURES, 1)


CASES = {
    "mlp": Case(),
    "dropout": Case(lambda: mlp(layers.Dropout(0.4), layers.GaussianNoise(0.1))),
    "convolution": Case(lambda: images(layers.LayerNormalization())),
    "batch norm": Case(lambda: images(layers.BatchNormalization())),
    "batch norm of shards": Case(
        lambda: images(layers.BatchNormalization()), parallel={"synchronized": False}, as_alone=False
    ),
    "lstm": Case(recurrent),
    "attention": Case(attentive),
    "penalties": Case(lambda: mlp(kernel_regularizer="l2", activity_regularizer="l1")),
    "sample weights": Case(fit={"sample_weight": WEIGHTS}),
    "class weights": Case(fit={"class_weight": {0: 1.0, 1: 2.0, 2: 0.5, 3: 1.0, 4: 3.0}}),
    "sum": Case(loss={"reduction": "sum"}, optimizer=lambda: optimizers.SGD(0.005)),
    "mean with weights": Case(loss={"reduction": "mean_with_sample_weight"}, fit={"sample_weight": WEIGHTS}),
    "mask": Case(masked, y=steps(Y)),
    "mask and weights": Case(
        masked, y=steps(Y), loss={"reduction": "mean_with_sample_weight"}, fit={"sample_weight": WEIGHTS}
    ),
    "adam": Case(optimizer=lambda: optimizers.Adam(0.01, clipnorm=0.1)),
    "momentum": Case(optimizer=lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True, global_clipnorm=0.3)),
    "accumulation": Case(optimizer=lambda: optimizers.AdamW(0.01, gradient_accumulation_steps=2)),
    "loss scale": Case(optimizer=lambda: optimizers.LossScaleOptimizer(optimizers.RMSprop(0.01))),
    "average": Case(optimizer=lambda: optimizers.Lamb(0.01, use_ema=True)),
    "steps per execution": Case(compile={"steps_per_execution": 2}),
    "own step": Case(OwnStep),
    "eager": Case(compile={"run_eagerly": True}),
}


def train(case: Case, shards: int | None) -> tuple[Any, dict[str, list[float]]]:
    """(the trained model, its logs, with those of `evaluate` under "evaluate"). None: without distribution."""
    netlet.utils.set_random_seed(1)
    set_distribution(None if shards is None else DataParallel(shards=shards, **case.parallel))
    model = case.model()
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, **case.loss)
    model.compile(case.optimizer(), loss, metrics=["accuracy"], weighted_metrics=["accuracy"], **case.compile)
    # 25 rows: shards of 3 and 4 rows; the last batch has 10 rows, fewer than twice the shards.
    given = (X[:20], case.y[:20])
    logs = model.fit(X, case.y, batch_size=25, epochs=2, verbose=0, validation_data=given, **case.fit).history
    return model, {**logs, "evaluate": model.evaluate(X, case.y, batch_size=7, verbose=0)}


def digest(model: Any, logs: Any) -> str:
    """A hash of all weights and logs, bit by bit."""
    weights = b"".join(w.tobytes() for w in model.get_weights())
    return hashlib.sha256(weights + repr(logs).encode()).hexdigest()


def difference(case: Case, model: Any, logs: dict[str, Any]) -> float:
    """The largest difference of a weight or a log from those of a training without distribution."""
    alone, expected = train(case, None)
    pairs = list(zip(model.get_weights(), alone.get_weights(), strict=True))
    pairs += [(np.asarray(logs[name]), np.asarray(expected[name])) for name in logs]
    return max(float(np.max(np.abs(a - b) / (1 + np.abs(b)))) for a, b in pairs)


def main(alone: bool) -> None:
    """Prints a line of JSON for each case: its digest, and with `alone` its difference from a plain training."""
    for name, case in CASES.items():
        model, logs = train(case, SHARDS)
        hashes = DataParallel().communicator.gather_objects(digest(model, logs))
        found: dict[str, Any] = {"name": name, "digest": hashes[0], "same": len(set(hashes)) == 1}
        if alone and case.as_alone:
            found["difference"] = difference(case, model, logs)
        if DataParallel().communicator.rank == 0:
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(alone="alone" in sys.argv)
