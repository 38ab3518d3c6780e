"""The ideas of Keras's guide "The Sequential model"."""

from __future__ import annotations

import numpy as np

from support.both import start_from_the_same_weights


def shapes_come_later(keras):
    """Weights exist once the input shape is known; until then the model says so."""
    layers = keras.layers
    layer = layers.Dense(3)
    before = len(layer.weights)
    layer(np.ones((1, 4), "float32"))
    model = keras.Sequential([layers.Dense(2, activation="relu"), layers.Dense(3), layers.Dense(4)])
    unbuilt = model.built
    y = model(np.ones((1, 4), "float32"))
    model.pop()
    return {
        "numbers": [before, len(layer.weights), unbuilt, model.built, len(model.layers), len(model.weights)],
        "shape": list(y.shape),
    }


def grown_step_by_step(keras):
    """A stack of convolutions that is looked at while it grows, and then cut open for its features."""
    layers = keras.layers
    model = keras.Sequential()
    model.add(keras.Input(shape=(25, 25, 3)))
    model.add(layers.Conv2D(4, 5, strides=2, activation="relu"))
    model.add(layers.Conv2D(4, 3, activation="relu", name="middle"))
    model.add(layers.MaxPooling2D(3))
    shapes = [list(model.output_shape[1:])]
    model.add(layers.Conv2D(4, 3, activation="relu"))
    model.add(layers.GlobalMaxPooling2D())
    model.add(layers.Dense(2))
    shapes.append(list(model.output_shape[1:]))
    start_from_the_same_weights(model)
    x = np.random.default_rng(0).random((2, 25, 25, 3)).astype("float32")
    features = keras.Model(inputs=model.inputs, outputs=[layer.output for layer in model.layers])(x)
    middle = keras.Model(inputs=model.inputs, outputs=model.get_layer(name="middle").output)(x)
    return {
        "shapes": [*shapes[0], *shapes[1]],
        "middle": middle,
        **{f"f{i}": np.asarray(f) for i, f in enumerate(features)},
    }


def frozen(keras):
    """Transfer learning with a stack: all layers but the last are frozen, so training moves the last one alone."""
    model = keras.Sequential([keras.Input((6,)), *(keras.layers.Dense(4, activation="relu") for _ in range(2))])
    model.add(keras.layers.Dense(1))
    start_from_the_same_weights(model)
    before = model.get_weights()
    for layer in model.layers[:-1]:
        layer.trainable = False
    model.compile("sgd", "mse")
    rng = np.random.default_rng(1)
    model.fit(rng.random((16, 6)), rng.random((16, 1)), batch_size=8, shuffle=False, verbose=0)
    moved = [float(np.abs(a - b).max()) for a, b in zip(model.get_weights(), before)]
    return {"moved": moved, "trainable": [len(model.trainable_weights), len(model.non_trainable_weights)]}


SCRIPTS = [shapes_come_later, grown_step_by_step, frozen]
