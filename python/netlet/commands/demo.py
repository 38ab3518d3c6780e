"""`netlet demo`: trains a classifier of handwritten digits, prints its accuracy, saves a plot of the results.

The data are scikit-learn's digits: 1,797 images of 8 x 8 pixels. They are part of scikit-learn, so nothing is
downloaded. A quarter of them is the test set, which is used only once, at the end.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlet.base.extras import needs

CLASSES = 10
EXAMPLE = """example:
  netlet demo --epochs 10 --output digits.png"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `netlet demo`."""
    parser.add_argument("--epochs", type=int, default=60, help="maximum number of epochs (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the split, weights and shuffling (default: %(default)s)"
    )
    parser.add_argument("--output", default="netlet_demo.png", help="file of the plot (default: %(default)s)")


def run(options: argparse.Namespace) -> None:
    """Runs the demo."""
    main(options.epochs, options.seed, options.output)


def _needed() -> None:
    """Raises ImportError if scikit-learn or matplotlib is not installed."""
    for module in ("matplotlib", "sklearn"):
        needs(module, "demo", "the demo")


def load_digits(seed: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Loads 1,347 images for training and 450 for testing.

    Args:
        seed: seed of the split.

    Returns:
        (x_train, y_train, x_test, y_test): images (n, 8, 8) with values 0..16, labels (n,) int32.
    """
    from sklearn.datasets import load_digits as load

    images, labels = load(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(images))
    x, y = images.reshape(-1, 8, 8)[order], labels[order].astype(np.int32)
    return x[450:], y[450:], x[:450], y[:450]


def build_model() -> Any:
    """Returns a compiled model of three convolutions and one dense layer."""
    import netlet
    from netlet import layers

    model = netlet.Sequential(
        [
            netlet.Input((8, 8)),
            layers.Rescaling(1 / 16),
            layers.Reshape((8, 8, 1)),  # adds the channel axis: the pixels are grey
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="digits",
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def draw(
    history: Any, counts: NDArray[np.int64], x: NDArray[Any], y: NDArray[Any], predicted: NDArray[Any], output: str
) -> None:
    """Saves a plot: learning curves, the confusion matrix, and test images, misclassified ones first.

    Args:
        history: the result of `fit`.
        counts: the confusion matrix, (classes, classes).
        x: test images, (n, 8, 8).
        y: true labels, (n,).
        predicted: predicted labels, (n,).
        output: path of the image file.
    """
    import matplotlib

    from netlet import plots
    from netlet.plots.style import INK, save_figure

    matplotlib.use("Agg")  # draws into a file, without a window
    import matplotlib.pyplot as plt

    figure: Any = plt.figure(figsize=(13, 9), layout="constrained", facecolor="white")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
    upper, lower = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    left, right = upper.subfigures(1, 2, width_ratios=[2, 1.1])
    plots.history(history, ["loss", "accuracy"], figure=left)
    accuracy = float(np.mean(predicted == y))
    plots.confusion_matrix(counts, ax=right.subplots(), title=f"Test set: {accuracy:.1%} of {len(y)} correct")
    wrong, right_ones = np.flatnonzero(predicted != y), np.flatnonzero(predicted == y)
    shown = np.concatenate([wrong[:12], right_ones])[:36]
    title = "Test images with predicted labels; errors in red"
    lower.suptitle(title, x=0.012, ha="left", fontsize=12, fontweight="bold", color=INK)
    plots.sample_grid(x[shown], y[shown], predicted[shown], rows=3, columns=12, figure=lower)
    save_figure(figure, output, dpi=120)
    plt.close(figure)


def main(epochs: int = 60, seed: int = 0, output: str = "netlet_demo.png") -> float:
    """Runs the demo.

    Args:
        epochs: maximum number of epochs; default 60.
        seed: seed of the split, the initial weights and the shuffling; default 0.
        output: path of the plot; default "netlet_demo.png".

    Returns:
        The accuracy on the test set.

    Raises:
        ImportError: scikit-learn or matplotlib is not installed. The message names the extra to install.
    """
    _needed()
    import netlet
    from netlet import callbacks, plots

    netlet.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = load_digits(seed)
    print(
        f"{len(x_train)} images for training, {len(x_test)} for testing, "
        f"{x_train.shape[1]} x {x_train.shape[2]} pixels each.\n"
    )
    model = build_model()
    model.summary()
    start = time.perf_counter()
    history = model.fit(
        x_train,
        y_train,
        batch_size=32,
        epochs=epochs,
        validation_split=0.1,
        callbacks=[callbacks.EarlyStopping(monitor="val_loss", patience=10, restore_best_weights=True)],
    )
    seconds = time.perf_counter() - start
    predicted = np.argmax(model.predict(x_test, verbose=0), axis=-1)
    accuracy = float(np.mean(predicted == y_test))
    counts = plots.confusion_counts(y_test, predicted, CLASSES)
    print(
        f"\nTrained for {len(history.history['loss'])} epochs in {seconds:.2f} s on {netlet.get_num_threads()} threads."
    )
    right = int((predicted == y_test).sum())
    print(f"Test accuracy: {accuracy:.1%} ({right} of {len(y_test)} images)\n")
    print(plots.confusion_text(counts))
    draw(history, counts, x_test, y_test, predicted, output)
    print(f"\nPlot saved to {output}")
    return accuracy
