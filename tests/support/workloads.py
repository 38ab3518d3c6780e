"""Small trainings of every kind, each with one hash of all that it computes: weights, predictions and history.

The data are exact fractions of small integers, and no workload uses what NumPy's SIMD or LAPACK may round differently
on another CPU (`Orthogonal`, whose draws are factorized by LAPACK; sines and cosines of NumPy). The hashes therefore
depend on the instruction set and on netlet alone: docs/numerics.md.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import netlet
from netlet import _core, callbacks, initializers, layers, losses, ops, optimizers, quantizers, random

ROWS, CLASSES = 48, 4


def numbers(*shape: int, seed: int = 1) -> np.ndarray:
    """Fractions i/128 in [-1, 1) in no order, exactly."""
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    return ((i * 7919 + i * i * 31 + seed * 104729) % 256 / 128 - 1).astype("float32").reshape(shape)


def labels(seed: int = 2) -> np.ndarray:
    return (np.arange(ROWS) * (seed + 3) // 5 + np.arange(ROWS) ** 2) % CLASSES


def tokens(length: int = 10) -> np.ndarray:
    """Rows of different lengths, padded with 0."""
    x = np.arange(ROWS * length).reshape(ROWS, length) * 37 % 29 + 1
    return np.where(np.arange(length) < 4 + np.arange(ROWS)[:, None] % (length - 3), x, 0)


# ---- networks ----------------------------------------------------------------------------------------------------
def mlp() -> Any:
    return [netlet.Input((20,)), layers.Dense(70, "relu"), layers.Dropout(0.3), layers.Dense(33, "tanh")]


def cnn() -> Any:
    return [
        netlet.Input((14, 14, 3)),
        layers.RandomFlip(),
        layers.RandomRotation(0.1),
        layers.RandomTranslation(0.1, 0.1),
        layers.RandomContrast(0.2),
        layers.Conv2D(16, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.SpatialDropout2D(0.2),
        layers.Conv2D(16, 3, activation="gelu"),
        layers.Flatten(),
    ]


def recurrent() -> Any:
    own = {"recurrent_initializer": "glorot_uniform"}
    return [
        netlet.Input((9, 6)),
        layers.Bidirectional(layers.LSTM(12, return_sequences=True, dropout=0.2, recurrent_dropout=0.2, **own)),
        layers.GRU(16, return_sequences=True, **own),
        layers.LayerNormalization(),
        layers.SimpleRNN(8, **own),
    ]


def transformer() -> Any:
    inputs = netlet.Input((10,), dtype="int32")
    x = layers.Embedding(30, 16)(inputs)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8, dropout=0.1)(x, x, use_causal_mask=True))
    x = layers.RMSNormalization()(x + layers.Dense(16)(layers.Dense(32, "gelu")(x)))
    return netlet.Model(inputs, layers.Dense(CLASSES)(ops.max(x, axis=1)))


def masked() -> Any:
    own = {"recurrent_initializer": "glorot_uniform"}
    return [netlet.Input((10,), dtype="int32"), layers.Embedding(30, 12, mask_zero=True), layers.LSTM(12, **own)]


def half() -> Any:
    return [
        netlet.Input((14, 14, 3)),
        layers.Conv2D(8, 3, activation="relu", dtype="mixed_bfloat16"),
        layers.Flatten(),
        layers.Dense(40, "relu", dtype="mixed_bfloat16"),
    ]


def initialized() -> Any:
    """A Dense layer by each initializer that draws, except `Orthogonal`."""
    names = "RandomNormal TruncatedNormal RandomUniform VarianceScaling GlorotNormal GlorotUniform HeNormal HeUniform"
    made = [getattr(initializers, name)() for name in (*names.split(), "LecunNormal", "LecunUniform")]
    return [netlet.Input((20,)), *[layers.Dense(20, kernel_initializer=one) for one in made], layers.GaussianNoise(0.1)]


def plain() -> Any:
    """Layers without random numbers."""
    return [
        netlet.Input((14, 14, 3)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, activation="gelu"),
        layers.Reshape((16, 16)),
        layers.GRU(8, recurrent_initializer="glorot_uniform"),
    ]


# ---- workloads -----------------------------------------------------------------------------------------------------
@dataclasses.dataclass
class Training:
    """A training in two parts, which may be one `fit`, or two with a saved file between them.

    Attributes:
        network: makes the layers before the output, or a model.
        x: the inputs.
        optimizer: its name.
    """

    network: Callable[[], Any]
    x: Callable[[], Any]
    optimizer: str = "adam"

    def model(self, **options: Any) -> Any:
        made = self.network()
        model = netlet.Sequential([*made, layers.Dense(CLASSES)]) if isinstance(made, list) else made
        loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(self.optimizer, loss, metrics=["accuracy"], **options)
        return model

    def __call__(self, folder: Path | None = None, backup: Path | None = None, seed: int = 11, **options: Any) -> str:
        """The hash.

        Args:
            folder: None, or where the training is saved after its first epoch; it goes on from the file.
            backup: None, or where the training is backed up after each step; it is interrupted in the second epoch.
            seed: the global seed.
            options: of `compile`.
        """
        random.set_seed(seed)
        model = self.model(**options)
        if backup is not None:
            with contextlib.suppress(KeyboardInterrupt):
                self._fit(model, 0, 2, callbacks=[_restore(backup), Interrupt()])
            begun = model.history.history
            random.set_seed(seed)
            model = self.model(**options)
            rest = self._fit(model, 0, 2, callbacks=[_restore(backup)])
            history = {name: [*begun[name], *more] for name, more in rest.items()}
        elif folder is not None:
            history = self._fit(model, 0, 1)
            model.save(folder / "m.netlet")
            random.set_seed(99)  # the seeds that count are in the file
            model = netlet.models.load_model(folder / "m.netlet")
            history = {name: [*history[name], *more] for name, more in self._fit(model, 1, 2).items()}
        else:
            history = self._fit(model, 0, 2)
        return digest(history, *model.get_weights(), model.predict(self.x(), batch_size=32, verbose=0))

    def _fit(self, model: Any, first: int, last: int, **more: Any) -> dict[str, list[float]]:
        x, y = self.x(), labels()
        options = {"initial_epoch": first, "epochs": last, "validation_split": 0.25, "verbose": 0}
        return dict(model.fit(x, y, batch_size=20, **options, **more).history)


def _restore(folder: Path) -> Any:
    return callbacks.BackupAndRestore(folder / "backup", save_freq=1, delete_checkpoint=False)


class Interrupt(callbacks.Callback):
    """Ctrl-C after the first step of the second epoch."""

    epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.epoch == 1:
            raise KeyboardInterrupt


def digest(history: dict[str, list[float]], *arrays: Any) -> str:
    """SHA-256 of the numbers, bit by bit."""
    found = hashlib.sha256(repr(sorted(history.items())).encode())
    for a in arrays:
        a = np.ascontiguousarray(a)
        found.update(f"{a.dtype} {a.shape}".encode() + a.tobytes())
    return found.hexdigest()


def quantized() -> str:
    """Quantization-aware training, then int8 predictions; and a float model that is quantized."""
    random.set_seed(11)
    x, y = numbers(ROWS, 20), labels()
    model = netlet.Sequential([netlet.Input((20,)), layers.Dense(40, "relu"), layers.Dense(CLASSES)])
    plain = netlet.models.clone_model(model)
    quantizers.quantize_aware(model)
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(x, y, batch_size=16, epochs=2, verbose=0).history
    for each in (model, plain):
        each.quantize("int8", only_if_faster=False)
    results = [model.predict(x, verbose=0), plain.predict(x, verbose=0)]
    return digest(history, *model.get_weights(), *plain.get_weights(), *results)


def pipeline() -> str:
    """A data set that is shuffled, and mapped by several threads with random numbers."""
    random.set_seed(11)

    def noisy(x: Any, y: Any) -> Any:
        return x + random.normal((20,), stddev=0.1).numpy(), y

    data = netlet.data.Dataset.from_tensor_slices((numbers(ROWS, 20), labels()))
    data = data.shuffle(16).map(noisy, num_parallel_calls=3).batch(20).prefetch(2)
    model = Training(mlp, lambda: None).model()
    history = model.fit(data, epochs=2, verbose=0).history
    return digest(history, *model.get_weights(), model.predict(numbers(ROWS, 20), verbose=0))


def all_optimizers() -> str:
    """Three steps of a small layer by each optimizer."""
    random.set_seed(11)
    x, y, results = numbers(ROWS, 6), numbers(ROWS, 3, seed=5), []
    for name, cls in sorted(vars(optimizers).items()):
        if not inspect.isclass(cls) or not issubclass(cls, optimizers.Optimizer) or name in SPECIAL:
            continue
        model = netlet.Sequential([netlet.Input((6,)), layers.Dense(3)])
        model.compile(cls(), "mse")
        model.fit(x, y, batch_size=16, verbose=0)
        results += model.get_weights()
    assert len(results) > 30
    return digest({}, *results)


SPECIAL = ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")  # they need others


def scheduled() -> str:
    """The learning rates of all schedules that compute more than sums and products, at many steps and one by one."""
    schedules, steps = optimizers.schedules, np.arange(200)
    made = [
        schedules.CosineDecay(0.1, 90, alpha=0.01, warmup_target=0.3, warmup_steps=10),
        schedules.CosineDecayRestarts(0.1, 30, t_mul=1.5, m_mul=0.9),
        schedules.ExponentialDecay(0.1, 30, 0.7),
        schedules.InverseTimeDecay(0.1, 30, 0.7),
        schedules.PolynomialDecay(0.1, 150, power=0.7),
        schedules.OneCycle(0.1, 150),
    ]
    together = [np.asarray(s(steps)) for s in made]
    for schedule, rates in zip(made, together, strict=True):
        assert [float(schedule(i)) for i in steps] == rates.tolist()
    return digest({}, *together)


def estimators() -> str:
    """scikit-learn's interface."""
    from netlet.wrappers import MLPClassifier

    x, y = numbers(ROWS, 20), labels()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # four epochs are not enough
        fitted = MLPClassifier((12,), max_iter=4, random_state=3).fit(x, y)
    return digest({"loss": fitted.loss_curve_}, *fitted.coefs_, *fitted.intercepts_, fitted.predict_proba(x))


def drawn() -> str:
    """Uniform numbers, integers, permutations and dropout, in float32 and float64."""
    random.set_seed(11)
    arrays = [random.uniform((100,), dtype=t) for t in ("float32", "float64")]
    arrays += [random.randint((100,), 0, 7), random.shuffle(np.arange(50)), random.dropout(numbers(100), 0.4)]
    arrays += [random.normal((100,)), random.truncated_normal((100,)), random.categorical(numbers(4, 5), 30)]
    return digest({}, *arrays)


TRAININGS: dict[str, Training] = {
    "mlp": Training(mlp, lambda: numbers(ROWS, 20)),
    "cnn": Training(cnn, lambda: numbers(ROWS, 14, 14, 3), "rmsprop"),
    "recurrent": Training(recurrent, lambda: numbers(ROWS, 9, 6)),
    "transformer": Training(transformer, tokens, "adamw"),
    "masked": Training(masked, tokens),
    "bfloat16": Training(half, lambda: numbers(ROWS, 14, 14, 3)),
    "initializers": Training(initialized, lambda: numbers(ROWS, 20), "sgd"),
}
OTHERS: dict[str, Callable[[], str]] = {
    "quantized": quantized,
    "data set": pipeline,
    "optimizers": all_optimizers,
    "schedules": scheduled,
    "scikit-learn": estimators,
    "random": drawn,
}
WORKLOADS: dict[str, Callable[[], str]] = {**TRAININGS, **OTHERS}


def hashes(isa: str) -> dict[str, str]:
    """The hash of each workload on an instruction set."""
    before = _core.active_isa()
    _core.force_isa(isa)
    try:
        return {name: workload() for name, workload in WORKLOADS.items()}
    finally:
        _core.force_isa(before)
