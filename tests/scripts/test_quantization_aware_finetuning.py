"""Fine-tuning with codes as a user's script does it: callbacks, schedules, a stop in the middle, then integers."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers
from netlet.quantizers import AwareConfig, freeze_ranges, quantize_aware
from support.small_data import digits

IMAGES, LABELS = digits(600)
TRAIN, TEST = (IMAGES[:450], LABELS[:450]), (IMAGES[450:], LABELS[450:])
CONFIGS = {
    "dynamic": lambda: AwareConfig(),
    "moving average": lambda: AwareConfig("static", calibration=TRAIN[0][:64], observer="moving_average"),
    "learned": lambda: AwareConfig("static", calibration=TRAIN[0][:64], observer="mse", ranges="learned"),
}


def compiled(model, rate):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=1.0), loss, metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    keras.utils.set_random_seed(1)
    decay = keras.regularizers.L2(1e-4)
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, kernel_regularizer=decay, name="stem")(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.Conv2D(8, 3, padding="same", kernel_regularizer=decay, name="branch")(x)
    x = layers.MaxPooling2D()(layers.ReLU()(layers.Add()([x, y])))
    x = layers.Dropout(0.1)(layers.Dense(32, activation="relu")(layers.Flatten()(x)))
    model = compiled(keras.Model(inputs, layers.Dense(10, name="head")(x)), 5e-3)
    model.fit(*TRAIN, epochs=12, verbose=0)
    path = tmp_path_factory.mktemp("models") / "float.keras"
    model.save(path)
    return path, model.evaluate(*TEST, verbose=0)[1]


@pytest.mark.parametrize("name", CONFIGS)
def test_finetune_stop_resume_and_make_integers(tmp_path, trained, name):
    path, accuracy = trained
    model = quantize_aware(keras.models.load_model(path), CONFIGS[name]())
    compiled(model, keras.optimizers.schedules.CosineDecay(5e-4, 60))
    best = tmp_path / "best.weights.h5"
    checkpoint = keras.callbacks.ModelCheckpoint(best, save_best_only=True, save_weights_only=True)
    callbacks = [checkpoint, keras.callbacks.EarlyStopping(patience=5), keras.callbacks.TerminateOnNaN()]
    model.fit(*TRAIN, epochs=2, validation_data=TEST, callbacks=callbacks, verbose=0)

    model.save(tmp_path / "half_way.netlet")  # the training was interrupted here, and goes on in another session
    resumed = keras.models.load_model(tmp_path / "half_way.netlet")
    for each in (model, resumed):
        keras.utils.set_random_seed(3)
        if name == "moving average":
            freeze_ranges(each)
        each.fit(*TRAIN, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)

    aware = model.predict(IMAGES, verbose=0)
    assert model.evaluate(*TEST, verbose=0)[1] > accuracy - 0.02
    model.quantize("int8")
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), aware)
    rows = {row.layer: row.done for row in model.quantization_report()}
    assert all(done.endswith("trained") or done.startswith("folded") for done in rows.values()), rows
    for suffix in ("netlet", "keras"):
        model.save(tmp_path / f"int8.{suffix}")
        loaded = keras.models.load_model(tmp_path / f"int8.{suffix}")
        np.testing.assert_array_equal(loaded.predict(IMAGES, verbose=0), aware)


def test_a_frozen_stem_keeps_its_weights(trained):
    model = quantize_aware(keras.models.load_model(trained[0]), filters="branch|head")
    model.get_layer("stem").trainable = False
    compiled(model, 1e-3)
    before = {name: model.get_layer(name).kernel.numpy() for name in ("stem", "branch", "head")}
    model.fit(*TRAIN, epochs=1, verbose=0)
    changed = {name: bool(np.any(model.get_layer(name).kernel.numpy() != kernel)) for name, kernel in before.items()}
    assert changed == {"stem": False, "branch": True, "head": True}
    aware = model.predict(IMAGES, verbose=0)
    model.quantize("int8")
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), aware)
