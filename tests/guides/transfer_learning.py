"""The ideas of Keras's guide "Transfer learning & fine-tuning"."""

from __future__ import annotations

import numpy as np

from support.both import start_from_the_same_weights

X = np.random.default_rng(0).random((16, 8, 8, 3)).astype("float32")
Y = np.random.default_rng(1).integers(0, 2, (16, 1)).astype("float32")


def trainable_flags(keras):
    """`trainable` of a layer moves its weights between two lists, and reaches the layers inside."""
    norm = keras.layers.BatchNormalization()
    norm.build((None, 4))
    counts = [len(norm.trainable_weights), len(norm.non_trainable_weights)]
    norm.trainable = False
    counts += [len(norm.trainable_weights), len(norm.non_trainable_weights)]
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), keras.layers.Dense(3)])
    outer = keras.Sequential([keras.Input((3,)), inner, keras.layers.Dense(3)])
    outer.trainable = False
    counts += [inner.trainable, inner.layers[0].trainable, len(outer.trainable_weights)]
    outer.trainable = True
    inner.layers[0].trainable = False
    return {"counts": [*counts, len(outer.trainable_weights), len(outer.non_trainable_weights)]}


def base_of(keras):
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    h = layers.Conv2D(4, 3, activation="relu")(inputs)
    h = layers.BatchNormalization(momentum=0.5)(h)
    base = keras.Model(inputs, layers.Conv2D(4, 3, activation="relu")(h), name="base")
    start_from_the_same_weights(base)
    return base


def frozen_then_fine_tuned(keras):
    """A frozen base below a new head; then everything but the normalization with a small rate."""
    layers = keras.layers
    base = base_of(keras)
    base.trainable = False
    inputs = keras.Input((8, 8, 3))
    h = layers.Rescaling(scale=2.0, offset=-1)(inputs)
    h = layers.GlobalAveragePooling2D()(base(h))
    model = keras.Model(inputs, layers.Dense(1, name="head")(layers.Dropout(0.0)(h)))
    start_from_the_same_weights(model, seed=4)
    before = base.get_weights()

    def train(rate, epochs):
        model.compile(
            optimizer=keras.optimizers.Adam(rate),
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=[keras.metrics.BinaryAccuracy()],
        )
        return model.fit(X, Y, epochs=epochs, batch_size=8, shuffle=False, verbose=0).history

    first = train(1e-2, 2)
    still = [float(np.abs(a - b).max()) for a, b in zip(base.get_weights(), before)]
    base.trainable = True
    base.layers[2].trainable = False  # the normalization keeps its statistics
    second = train(1e-3, 2)
    moved = [bool(np.abs(a - b).max() > 0) for a, b in zip(base.get_weights(), before)]
    return {
        **{f"first {k}": v for k, v in first.items()},
        **{f"second {k}": v for k, v in second.items()},
        "still": still,
        "moved": moved,
        "y": model.predict(X[:4], verbose=0),
    }


def features_first(keras):
    """The other workflow: the base's outputs are computed once, and a small model is trained on them."""
    features = base_of(keras).predict(X, verbose=0)
    head = keras.Sequential([keras.Input(features.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(1)])
    start_from_the_same_weights(head)
    head.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    return {**head.fit(features, Y, batch_size=8, shuffle=False, verbose=0).history, "features": features[:1]}


SCRIPTS = [trainable_flags, frozen_then_fine_tuned, features_first]
