"""Training with optimizer state in 8 bits: beside float32, stopped and resumed, with averages and a scaled loss."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers, optimizers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(512, 20)).astype("float32")
Y = (X @ RNG.normal(size=(20, 3))).argmax(1)
RATE = optimizers.schedules.ExponentialDecay(1e-2, 10, 0.95)
OPTIMIZERS = {
    "Adam, schedule": lambda state: optimizers.Adam(RATE, state_dtype=state),
    "AdamW, averages": lambda state: optimizers.AdamW(1e-2, use_ema=True, ema_momentum=0.9, state_dtype=state),
    "SGD, Nesterov": lambda state: optimizers.SGD(1e-2, momentum=0.9, nesterov=True, state_dtype=state),
    "Lion, clipped": lambda state: optimizers.Lion(1e-3, global_clipnorm=1.0, state_dtype=state),
    "Adam, accumulated": lambda state: optimizers.Adam(1e-2, gradient_accumulation_steps=2, state_dtype=state),
    "Adam, scaled loss": lambda state: optimizers.LossScaleOptimizer(optimizers.Adam(1e-2, state_dtype=state)),
}


def trained(optimizer, callbacks=(), epochs=6):
    keras.utils.set_random_seed(1)
    stack = [layers.Dense(64, activation="relu"), layers.Dropout(0.1), layers.Dense(3)]
    model = keras.Sequential([keras.Input((20,)), *stack])
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model, model.fit(X, Y, epochs=epochs, callbacks=list(callbacks), verbose=0).history


class Killed(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, name):
    make = OPTIMIZERS[name]
    model, history = trained(make("uint8"))
    floats = trained(make(None))[1]
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    np.testing.assert_allclose(history["loss"], floats["loss"], rtol=0.1)
    codes = [v for v in model.optimizer.variables if v.dtype == "uint8"]
    assert sum(v.numpy().size for v in codes) in (model.count_params(), 2 * model.count_params())

    with pytest.raises(KeyboardInterrupt):
        trained(make("uint8"), [keras.callbacks.BackupAndRestore(tmp_path / "backup"), Killed()])
    resumed, rest = trained(make("uint8"), [keras.callbacks.BackupAndRestore(tmp_path / "backup")])
    assert rest["loss"] == history["loss"][3:]
    for a, b in zip(resumed.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
