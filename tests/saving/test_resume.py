"""Training that is resumed from a saved file gives bitwise the same results as uninterrupted training."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import netlet
from netlet import callbacks, layers, saving
from netlet.optimizers import SGD, Adam, AdamW, RMSprop, schedules
from support.child import run_child

RNG = np.random.default_rng(0)
X = RNG.standard_normal((70, 8)).astype("float32")
Y = (np.arange(70) % 4).astype("int32")


def make(optimizer):
    netlet.utils.set_random_seed(3)
    model = netlet.Sequential(
        [
            netlet.Input((8,)),
            layers.Dense(16, "relu", kernel_regularizer="l2"),
            layers.Dropout(0.3),  # its seed comes from the global generator
            layers.Dense(4, "softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def sha(model) -> str:
    return hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()


def train(model, epochs, **kwargs):
    return model.fit(X, Y, batch_size=16, epochs=epochs, verbose=0, **kwargs).history


OPTIMIZERS = {
    "sgd": lambda: SGD(0.05),
    "momentum": lambda: SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: RMSprop(1e-2),
    "centered rmsprop": lambda: RMSprop(1e-2, centered=True, momentum=0.5),
    "adam": lambda: Adam(1e-2),
    "amsgrad": lambda: Adam(1e-2, amsgrad=True),
    "adamw": lambda: AdamW(1e-2, weight_decay=0.1),
    "clipped": lambda: Adam(1e-2, global_clipnorm=0.5),
    "schedule": lambda: Adam(schedules.ExponentialDecay(1e-2, 5, 0.7)),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_saved_training_goes_on_to_the_bit(optimizer, tmp_path):
    unbroken = make(optimizer())
    history = train(unbroken, 5)

    broken = make(optimizer())
    first = train(broken, 2)
    assert sha(broken) != sha(unbroken)
    broken.save(tmp_path / "half.netlet")
    netlet.utils.set_random_seed(99)  # other random state of the process has no influence
    again = netlet.models.load_model(tmp_path / "half.netlet")
    assert sha(again) == sha(broken)
    rest = train(again, 5, initial_epoch=2)
    assert sha(again) == sha(unbroken)
    assert {name: first[name] + rest[name] for name in first} == history
    assert int(again.optimizer.iterations) == int(unbroken.optimizer.iterations) == 25


def test_variables_without_weight_decay_stay_without(tmp_path):
    def excluding():
        optimizer = AdamW(1e-2, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        return make(optimizer)

    unbroken = excluding()
    train(unbroken, 3)
    broken = excluding()
    train(broken, 2)
    broken.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    train(again, 1)
    assert sha(again) == sha(unbroken)


def test_in_another_process(tmp_path):
    unbroken = make(Adam(1e-2))
    train(unbroken, 4)
    broken = make(Adam(1e-2))
    train(broken, 1)
    broken.save(tmp_path / "m.netlet")
    np.savez(tmp_path / "data.npz", x=X, y=Y)
    child = run_child(
        f"""
        import hashlib, netlet, numpy as np
        data = np.load({str(tmp_path / "data.npz")!r})
        model = netlet.models.load_model({str(tmp_path / "m.netlet")!r})
        model.fit(data["x"], data["y"], batch_size=16, epochs=3, verbose=0)
        print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
        """
    )
    assert child.stdout.strip() == sha(unbroken)


def test_saving_does_not_disturb_the_training(tmp_path):
    plain = make(Adam(1e-2))
    for _ in range(3):
        train(plain, 1)
    saved = make(Adam(1e-2))
    for _ in range(3):
        train(saved, 1)
        saved.save(tmp_path / "m.netlet")
        saved.save_weights(tmp_path / "m.weights.netlet")
    assert sha(plain) == sha(saved)


def test_two_loaded_models_are_independent(tmp_path):
    model = make(Adam(1e-2))
    train(model, 1)
    model.save(tmp_path / "m.netlet")
    one, two = (netlet.models.load_model(tmp_path / "m.netlet") for _ in range(2))
    train(one, 2)
    assert sha(two) == sha(model)
    train(two, 2)
    train(model, 2)
    assert sha(one) == sha(two) == sha(model)


def test_a_learning_rate_that_was_changed_stays_changed(tmp_path):
    model = make(SGD(0.5))
    train(model, 1)
    model.optimizer.learning_rate = 0.0123
    model.save(tmp_path / "m.netlet")
    assert float(netlet.models.load_model(tmp_path / "m.netlet").optimizer.learning_rate) == 0.0123


def test_weights_alone_also_carry_the_training(tmp_path):
    unbroken = make(Adam(1e-2))
    train(unbroken, 3)
    broken = make(Adam(1e-2))
    train(broken, 2)
    broken.save_weights(tmp_path / "m.weights.netlet")
    again = make(Adam(1e-2))
    again.load_weights(tmp_path / "m.weights.netlet")
    train(again, 1)
    assert sha(again) == sha(unbroken)


def test_weights_into_another_optimizer_warn_about_its_state(tmp_path):
    model = make(Adam(1e-2))
    train(model, 1)
    model.save_weights(tmp_path / "m.weights.netlet")
    other = make(SGD(0.1, momentum=0.9))
    with pytest.warns(UserWarning, match="state of optimizer"):
        other.load_weights(tmp_path / "m.weights.netlet")
    assert sha(other) == sha(model)
    train(other, 1)


def test_weights_into_a_model_that_is_not_compiled(tmp_path):
    model = make(Adam(1e-2))
    train(model, 1)
    model.save_weights(tmp_path / "m.weights.netlet")
    other = netlet.Sequential.from_config(model.get_config())
    assert not other.compiled
    other.load_weights(tmp_path / "m.weights.netlet")
    assert sha(other) == sha(model)


# ---- compiled as before ----------------------------------------------------------------------------------------------
def evaluate(model):
    return model.evaluate(X, Y, verbose=0, return_dict=True)


def test_compiled_as_before(tmp_path):
    model = make("rmsprop")
    train(model, 1)
    model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    assert evaluate(again) == evaluate(model)
    assert set(evaluate(again)) == {"loss", "accuracy"}
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("how", ["load", "save"])
def test_without_the_optimizer(how, tmp_path):
    model = make("adam")
    train(model, 1)
    model.save(tmp_path / "m.netlet", include_optimizer=how != "save")
    again = netlet.models.load_model(tmp_path / "m.netlet", compile=how != "load")
    assert not again.compiled
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    with pytest.raises(ValueError, match="compile"):
        evaluate(again)


@pytest.mark.parametrize(
    "arguments",
    [
        {"loss": netlet.losses.SparseCategoricalCrossentropy(from_logits=True, name="mine")},
        {"loss": "mse", "metrics": ["mae", netlet.metrics.MeanSquaredError(name="second")]},
        {"loss": netlet.losses.Huber(0.5), "weighted_metrics": ["mae"], "loss_weights": None},
        {"loss": ["mse"], "metrics": [["mae"]]},
        {
            "loss": netlet.losses.mean_absolute_error,
            "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.5}},
        },
    ],
    ids=["loss object", "metrics", "weighted metrics", "lists", "function"],
)
def test_what_compile_was_given(arguments, tmp_path):
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(4)])
    model.compile(**arguments)
    y = Y if "Sparse" in str(arguments["loss"]) else RNG.standard_normal((70, 4)).astype("float32")
    model.fit(X, y, verbose=0)
    model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    assert again.evaluate(X, y, verbose=0, return_dict=True) == model.evaluate(X, y, verbose=0, return_dict=True)


def test_several_outputs(tmp_path):
    x = netlet.Input((8,), name="in")
    model = netlet.Model(x, {"a": layers.Dense(4, "softmax", name="a")(x), "b": layers.Dense(1, name="b")(x)})
    model.compile(
        "adam",
        loss={"a": "sparse_categorical_crossentropy", "b": "mse"},
        loss_weights={"a": 0.5, "b": 2.0},
        metrics={"a": ["accuracy"], "b": ["mae"]},
    )
    y = {"a": Y, "b": X[:, :1]}
    model.fit(X, y, verbose=0)
    model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    assert again.evaluate(X, y, verbose=0, return_dict=True) == model.evaluate(X, y, verbose=0, return_dict=True)


def quartic(y_true, y_pred):
    return netlet.ops.mean((y_pred - y_true) ** 4.0, axis=-1)


def test_a_loss_of_ones_own(tmp_path):
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(8)])
    model.compile("sgd", loss=quartic)
    model.save(tmp_path / "m.netlet")
    with pytest.raises(ValueError, match=r"custom_objects=\{'quartic': quartic\}"):
        netlet.models.load_model(tmp_path / "m.netlet")
    assert not netlet.models.load_model(tmp_path / "m.netlet", compile=False).compiled
    again = netlet.models.load_model(tmp_path / "m.netlet", custom_objects={"quartic": quartic})
    assert again.evaluate(X, X, verbose=0) == model.evaluate(X, X, verbose=0)


class OwnCompile(netlet.Sequential):
    def compile(self, strength, **kwargs):
        super().compile("sgd", "mse")
        self.strength = strength

    def get_compile_config(self):
        return {"strength": self.strength} if self.compiled else None

    def compile_from_config(self, config):
        self.compile(**config)


def test_a_compile_of_ones_own(tmp_path):
    model = OwnCompile([netlet.Input((8,)), layers.Dense(8)])
    model.compile(strength=3)
    model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet", custom_objects={"OwnCompile": OwnCompile})
    assert again.strength == 3
    assert again.compiled


def test_a_lambda_as_a_loss_costs_the_compile_arguments_and_not_the_weights(tmp_path):
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(8)])
    model.compile("sgd", loss=lambda y_true, y_pred: quartic(y_true, y_pred))
    model.fit(X, X, verbose=0)
    with pytest.warns(UserWarning, match=r"will return it uncompiled.*lambda"):
        model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    assert not again.compiled
    assert sha(again) == sha(model)


# ---- callbacks that save and restore ---------------------------------------------------------------------------------
def test_model_checkpoint_in_a_training(tmp_path):
    model = make("adam")
    best = callbacks.ModelCheckpoint(tmp_path / "best.netlet", monitor="loss", save_best_only=True)
    every = callbacks.ModelCheckpoint(tmp_path / "at" / "{epoch}.weights.netlet", save_weights_only=True)
    history = train(model, 3, callbacks=[best, every])
    assert sorted(p.name for p in (tmp_path / "at").iterdir()) == [f"{i}.weights.netlet" for i in (1, 2, 3)]
    assert history["loss"][2] == min(history["loss"])
    again = netlet.models.load_model(tmp_path / "best.netlet")
    assert sha(again) == sha(model)
    again.load_weights(tmp_path / "at" / "1.weights.netlet")
    assert int(again.optimizer.iterations) == 5


def test_model_checkpoint_every_few_batches(tmp_path):
    model = make("adam")
    path = tmp_path / "{epoch}-{batch}.weights.netlet"
    train(model, 2, callbacks=[callbacks.ModelCheckpoint(path, save_weights_only=True, save_freq=3)])
    assert sorted(p.name.split(".")[0] for p in tmp_path.iterdir()) == ["1-3", "2-1", "2-4"]
    model.load_weights(tmp_path / "1-3.weights.netlet")
    assert int(model.optimizer.iterations) == 3


def test_early_stopping_puts_the_best_weights_back():
    model = make(SGD(0.05))
    seen = []
    note = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(sha(model)))
    stop = callbacks.EarlyStopping(monitor="loss", mode="max", patience=3, restore_best_weights=True)
    history = train(model, 50, callbacks=[note, stop])
    best = int(np.argmax(history["loss"]))
    assert len(history["loss"]) == best + 4
    assert sha(model) == seen[best]
    train(model, 1)  # training still works


def test_registered_names_are_free_of_modules():
    """Loading does not depend on the module in which the user's code was defined."""
    config = saving.serialize_object(quartic)
    config["module"] = "moved.elsewhere"
    assert saving.deserialize_object(config, {"quartic": quartic}) is quartic
