"""A Keras 3 script runs with only its import lines changed.

Each script here runs twice, with `import keras` and with `import netlet as keras`; both must give the same numbers in
`result`.
"""

from __future__ import annotations

import textwrap

import keras
import numpy as np
import pytest

import netlet

SCRIPTS = {
    "classifier": """
        import numpy as np
        import keras
        from keras import layers
        from keras.utils import to_categorical
        from sklearn.datasets import load_digits

        keras.utils.set_random_seed(0)
        x, labels = load_digits(return_X_y=True)
        x = (x / 16.0).astype("float32")
        y = to_categorical(labels, 10)

        model = keras.Sequential(name="digits")
        model.add(keras.Input(shape=(64,)))
        model.add(layers.Dense(16, activation="relu", name="hidden"))
        model.add(layers.Dense(16, activation="tanh", kernel_regularizer=keras.regularizers.l2(1e-4)))
        model.add(layers.Dense(10, activation="softmax"))
        rng = np.random.default_rng(1)
        model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=0.005),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.05),
            metrics=["accuracy"],
        )
        stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True)
        history = model.fit(
            x, y, batch_size=64, epochs=6, shuffle=False, validation_split=0.2, callbacks=[stop], verbose=0
        )
        scores = model.evaluate(x[-300:], y[-300:], verbose=0, return_dict=True)
        guesses = model.predict(x[-5:], verbose=0).argmax(axis=-1)
        result = {**history.history, **scores, "guesses": guesses, "names": sorted(scores)}
        result["count"] = model.count_params()
    """,
    "regression with a schedule": """
        import numpy as np
        import keras

        rng = np.random.default_rng(0)
        x = rng.uniform(-1, 1, (200, 3)).astype("float32")
        y = (x[:, :1] * x[:, 1:2] + np.sin(3 * x[:, 2:])).astype("float32")
        model = keras.models.Sequential([
            keras.layers.Input(shape=(3,)),
            keras.layers.Dense(32, activation="elu", kernel_constraint="max_norm"),
            keras.layers.Dense(1),
        ])
        model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.get_weights()])
        rate = keras.optimizers.schedules.ExponentialDecay(0.02, decay_steps=20, decay_rate=0.8)
        model.compile(keras.optimizers.SGD(rate, momentum=0.9, nesterov=True), loss="huber", metrics=["mae", "mse"])
        h = model.fit(x, y, epochs=5, batch_size=25, shuffle=False, verbose=0, sample_weight=np.linspace(0.5, 1.5, 200))
        result = {**h.history, "out": model.predict(x[:4], verbose=0)}
    """,
    "functional with two inputs and two outputs": """
        import numpy as np
        import keras
        from keras import layers, ops

        rng = np.random.default_rng(0)
        a, b = rng.normal(size=(2, 96, 6)).astype("float32")
        score = (a.sum(1, keepdims=True) - b.sum(1, keepdims=True)).astype("float32")
        kind = (score[:, 0] > 0).astype("int64")

        left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
        tower = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(4)], name="tower")
        joined = layers.concatenate([tower(left), tower(right), ops.abs(left - right)])
        joined = layers.LeakyReLU(negative_slope=0.1)(joined)
        one = layers.Dense(1, name="score")(joined)
        two = layers.Dense(2, activation="softmax", name="kind")(joined)
        model = keras.Model(inputs=[left, right], outputs={"score": one, "kind": two})
        model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
        model.compile(
            "rmsprop",
            loss={"score": "mse", "kind": "sparse_categorical_crossentropy"},
            loss_weights={"score": 0.5, "kind": 1.0},
        )
        h = model.fit([a, b], {"score": score, "kind": kind}, epochs=3, batch_size=32, shuffle=False, verbose=0)
        out = model.predict([a[:3], b[:3]], verbose=0)
        result = {"loss": h.history["loss"], "score": out["score"], "kind": out["kind"]}
    """,
    "own layers, own metric, own model": """
        import numpy as np
        import keras
        from keras import ops

        class Linear(keras.layers.Layer):
            def __init__(self, units=4, **kwargs):
                super().__init__(**kwargs)
                self.units = units

            def build(self, input_shape):
                self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", name="w")
                self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

            def call(self, inputs):
                return ops.matmul(inputs, self.w) + self.b

            def get_config(self):
                return {**super().get_config(), "units": self.units}

        class Sparse(keras.layers.Layer):
            def call(self, x):
                self.add_loss(1e-2 * ops.mean(ops.abs(x)))
                return x

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.first, self.sparse, self.last = Linear(8), Sparse(), Linear(1)

            def call(self, x, training=False):
                return self.last(self.sparse(keras.activations.gelu(self.first(x))))

        def closeness(y_true, y_pred):
            return ops.mean(ops.exp(-ops.abs(y_true - y_pred)), axis=-1)

        rng = np.random.default_rng(0)
        x = rng.normal(size=(64, 5)).astype("float32")
        y = np.tanh(x[:, :1]).astype("float32")
        model = Net()
        model(x[:1])
        model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.get_weights()])
        model.compile(optimizer="adam", loss="mean_squared_error", metrics=[closeness])
        h = model.fit(x, y, epochs=4, batch_size=16, shuffle=False, verbose=0)
        result = {**h.history, "out": model(x[:3]), "shapes": [tuple(w.shape) for w in model.weights]}
    """,
    "transfer of a frozen part": """
        import numpy as np
        import keras

        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(80, 4)).astype("float32"), rng.integers(0, 2, (80, 1)).astype("float32")
        base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh")], name="base")
        base.trainable = False
        model = keras.Sequential([base, keras.layers.Dense(1, activation="sigmoid")])
        model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.get_weights()])
        counts = [len(model.trainable_weights), len(model.non_trainable_weights)]
        model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["binary_accuracy"])
        first = model.fit(x, y, epochs=2, shuffle=False, verbose=0, class_weight={0: 1.0, 1: 2.0}).history["loss"]
        kept = base.get_weights()
        base.trainable = True
        model.compile(optimizer=keras.optimizers.Adam(0.001), loss="binary_crossentropy")
        second = model.fit(x, y, epochs=2, shuffle=False, verbose=0).history["loss"]
        result = {"first": first, "second": second, "kept": kept, "weights": model.get_weights(), "counts": counts}
    """,
    "batches by hand": """
        import numpy as np
        import keras

        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(40, 4)).astype("float32"), rng.integers(0, 3, 40)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.get_weights()])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        logs = []
        for step in range(4):
            part = slice(step * 10, step * 10 + 10)
            logs.append(model.train_on_batch(x[part], y[part]))
        result = {"logs": logs, "test": model.test_on_batch(x, y), "out": model.predict_on_batch(x[:2])}
    """,
}


def run(script: str, module: str) -> dict:
    source = textwrap.dedent(script)
    if module == "netlet":
        source = source.replace("import keras\n", "import netlet as keras\n").replace("from keras", "from netlet")
    scope: dict = {"__name__": "script"}
    exec(compile(source, f"<script with {module}>", "exec"), scope)
    return scope["result"]


def compare(got, want, where: str) -> None:
    if isinstance(want, (list, tuple)) and want and isinstance(want[0], (np.ndarray, list, tuple, str)):
        assert len(got) == len(want), where
        for i, (g, w) in enumerate(zip(got, want, strict=True)):
            compare(g, w, f"{where}[{i}]")
    elif isinstance(want, str):
        assert got == want, where
    else:
        np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=2e-4, atol=2e-5, err_msg=where)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_keras_script_gives_the_same_numbers(name):
    netlet.utils.clear_session()
    keras.utils.clear_session(free_memory=False)  # its full garbage collection takes a second
    ours, theirs = run(SCRIPTS[name], "netlet"), run(SCRIPTS[name], "keras")
    assert set(ours) == set(theirs)
    for key in theirs:
        compare(ours[key], theirs[key], key)
