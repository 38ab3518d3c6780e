"""
Overfitting, and three remedies
===============================

A network that is too small underfits: it is wrong on the training data too. A large network on few examples overfits:
it learns them by heart, and its loss on new data rises while the training loss still falls. Validation data show it;
early stopping, dropout and data augmentation help.
"""
# Lecture notes: Overfitting and underfitting

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import callbacks, datasets, layers, optimizers

# %%
# Three parts of the data
# -----------------------
# The network learns from the *training* data. Choices, such as when to stop, look at the *validation* data. The
# *test* data are used once, at the end, because each choice made by looking at data fits these data a little. Only
# 300 digits are for training, and a quarter of them get a random label, since labels made by people are never all
# right. A large network can learn even these by heart.

(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x[..., None], x_test[..., None]
x_train, y_train, x_val, y_val = x[:300], y[:300].copy(), x[600:1100], y[600:1100]
y_train[:75] = np.random.default_rng(0).integers(0, 10, 75)


def train(units, *, dropout=0.0, augment=(), stop=False, epochs=100):
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((8, 8, 1)), *augment, layers.Flatten()])
    for _ in range(2):
        model.add(layers.Dense(units, activation="relu"))
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    stopper = [callbacks.EarlyStopping(patience=10, restore_best_weights=True)] if stop else []
    history = model.fit(
        x_train, y_train, batch_size=20, epochs=epochs, validation_data=(x_val, y_val), verbose=0, callbacks=stopper
    )
    return model, history.history


# %%
# Augmentation
# ------------
# Moved, turned and zoomed digits are still the same digits. The random layers draw new changes in each step, so the
# network hardly ever sees the same picture twice. They work during training only, and so does dropout, which sets a
# random part of the values to zero. Not every change keeps the label: a mirrored 3 is no 3, so ``RandomFlip`` would
# do harm here.

augment = [
    layers.RandomRotation(0.04, fill_mode="constant", seed=1),
    layers.RandomZoom(0.15, fill_mode="constant", seed=2),
    layers.RandomTranslation(0.1, 0.1, fill_mode="constant", seed=3),
    layers.RandomBrightness(0.1, value_range=(0, 1), seed=4),
]
runs = {
    "too small: 3 units": train(3),
    "too large: 256 units": train(256),
    "early stopping": train(256, stop=True),
    "dropout 0.7": train(256, dropout=0.7),
    "augmentation": train(256, augment=augment),
}
accuracy = {name: model.evaluate(x_test, y_test, verbose=0)[1] for name, (model, _) in runs.items()}
print(accuracy)

# %%
# Dropout is active in training only. With the rate 0.5 it then zeroes about half of the values and doubles the
# others, so that their mean stays; in prediction it changes nothing.

ones = np.ones((1000, 10), "float32")
drop = layers.Dropout(0.5, seed=0)
assert np.array_equal(drop(ones, training=False), ones)
dropped = drop(ones, training=True).numpy()
assert set(np.unique(dropped)) == {0.0, 2.0} and abs(dropped.mean() - 1) < 0.05
assert len(runs["early stopping"][1]["loss"]) < 100  # it ended before the last epoch
small, large = runs["too small: 3 units"][1], runs["too large: 256 units"][1]
assert small["loss"][-1] > 1 and large["loss"][-1] < 0.05  # one underfits, the other knows its digits by heart
assert all(accuracy[name] > accuracy["too large: 256 units"] + 0.02 for name in list(runs)[2:])

# %%
# Look at the distance between the lines. The small network has almost none, but both lines are high. The large one's
# training loss goes to zero, wrong labels included, while its validation loss turns upwards; early stopping ends
# there. Dropout and augmentation make learning by heart harder: their training loss, which is measured with all the
# disturbance, stays high, and the validation loss is lower.

figure, axes = plt.subplots(2, 3, figsize=(11, 6), layout="constrained")
for ax, (name, (_, history)) in zip(axes.flat, runs.items()):
    ax.plot(history["loss"], label="training")
    ax.plot(history["val_loss"], "--", label="validation")
    ax.set(xlabel="epoch", ylabel="loss", title=name, ylim=(0, 2.4), xlim=(0, 100))
axes[0, 0].legend(frameon=False)
bars = axes[1, 2].barh(list(accuracy), list(accuracy.values()), color="0.75")
axes[1, 2].bar_label(bars, fmt="%.2f", padding=-32)
axes[1, 2].invert_yaxis()
axes[1, 2].set(xlabel="accuracy", title="Test data", xlim=(0, 1))

figure, axes = plt.subplots(2, 10, figsize=(11, 2.5), layout="constrained")
changed = netlet.Sequential(augment)
for i, column in enumerate(axes.T):
    for ax, image in zip(column, [x_train[i], changed(x_train[i : i + 1], training=True).numpy()[0]]):
        ax.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("original")
axes[1, 0].set_ylabel("augmented")
plt.show()

# %%
# **Try:** all remedies at once, or 600 training digits in place of 300: more data are the best remedy of all.
