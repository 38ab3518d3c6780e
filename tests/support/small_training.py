"""The model and the data of a small data-parallel training, as code inside of a function or an indented script."""

SMALL_TRAINING = """
    import numpy as np
    import netlet as keras
    from netlet import layers

    parallel = keras.distribution.DataParallel(shards=8)
    keras.distribution.set_distribution(parallel)
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((90, 20), dtype="float32"), rng.integers(0, 4, 90)
    model = keras.Sequential([
        keras.Input((20,)), layers.Dense(16, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.2),
        layers.Dense(4),
    ])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
"""
