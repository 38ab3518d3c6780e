"""
Memorized wrong labels
======================

A network that is large enough fits any labels, true or not: it learns them by heart. Training accuracy then says
nothing about what it understood. This page replaces labels of digits by random ones and watches what is learned
first, what later, and how the validation data give it away.
"""

# Lecture notes: "A random image still gets a confident label"

# %%
# Three sets of labels
# --------------------
# The same 800 images with true labels, with 40 % of the labels drawn at random, and with nothing but random labels.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import netlet
from netlet import layers

digits = load_digits()
rng = np.random.default_rng(0)
order = rng.permutation(len(digits.data))
x, y = (digits.data[order] / 16).astype("float32"), digits.target[order]
x_train, y_train, x_test, y_test = x[:800], y[:800], x[800:], y[800:]


class TrueLabels(netlet.callbacks.Callback):
    """After each epoch: how many of the wrongly labelled images does the network read as what they show?"""

    def __init__(self, wrong):
        super().__init__()
        self.wrong, self.read_truly = wrong, []

    def on_epoch_end(self, epoch, logs=None):
        if self.wrong.any():
            found = self.model.predict(x_train[self.wrong], verbose=0).argmax(axis=1)
            self.read_truly.append(np.mean(found == y_train[self.wrong]))


def trained(share, epochs=120):
    """Trains with a share of random labels; returns the history and the callback."""
    given = np.where(rng.random(len(y_train)) < share, rng.integers(0, 10, len(y_train)), y_train)
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential(
        [netlet.Input((64,)), layers.Dense(256, "relu"), layers.Dense(256, "relu"), layers.Dense(10)]
    )
    loss = netlet.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(netlet.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    watch = TrueLabels(given != y_train)
    history = model.fit(
        x_train, given, epochs=epochs, validation_data=(x_test, y_test), callbacks=[watch], verbose=0
    ).history
    return history, watch


# %%
# What is learned when
# --------------------
# Three accuracies over the epochs: on the training labels as they were given, on new images with true labels, and, for
# images with a wrong label, how often the network answers what the image really shows.

figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained", sharey=True)
histories = {}
for ax, share in zip(axes, (0.0, 0.4, 1.0)):
    histories[share], watch = trained(share)
    ax.plot(histories[share]["accuracy"], color="#2f6fb5", linewidth=2, label="training, labels as given")
    ax.plot(histories[share]["val_accuracy"], color="#d9730d", linewidth=2, label="new images, true labels")
    if watch.read_truly:
        ax.plot(watch.read_truly, color="#3a8f4d", linestyle="--", label="wrongly labelled, read as what they show")
    ax.set(xlabel="epoch", title=f"{share:.0%} random labels", ylim=(0, 1.05))
axes[0].set_ylabel("accuracy")
axes[0].legend(*axes[1].get_legend_handles_labels(), frameon=False, fontsize=8, loc="center right")

# %%
# With true labels both curves agree. With random labels only there is nothing to understand: the network still reaches
# 100 % in training, and reads new images at chance, one in ten.
#
# In the middle it first learns what the majority of the labels agree on: the green curve rises, the network *corrects*
# the wrong labels. Later it learns them by heart, and reads new images worse than it did. Stopping early, when the
# validation accuracy is best, keeps the better network (:class:`netlet.callbacks.EarlyStopping`).

for share, history in histories.items():
    best = int(np.argmax(history["val_accuracy"]))
    print(
        f"{share:4.0%} random: training {history['accuracy'][-1]:.3f}, new images {history['val_accuracy'][-1]:.3f}",
        end="",
    )
    print(f" (best {history['val_accuracy'][best]:.3f} after epoch {best + 1})")

# %%
# *Try:* a network of two hidden layers with 16 units. It cannot store 800 random labels: what does the third figure
# look like?

random_only, some = histories[1.0], histories[0.4]
assert random_only["accuracy"][-1] > 0.98 and random_only["val_accuracy"][-1] < 0.25
assert max(some["val_accuracy"]) > some["val_accuracy"][-1] + 0.05
