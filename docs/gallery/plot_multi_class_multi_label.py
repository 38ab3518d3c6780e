"""
One class or several labels: softmax or sigmoid
===============================================

"Which of these is it?" and "which of these are in it?" are different questions. For classes that exclude each other,
the outputs share a total of 1: softmax with categorical cross-entropy. For labels that may occur together, each
output is a yes-or-no question of its own: sigmoid with binary cross-entropy.
"""
# Lecture notes: Multi-class exclusive (softmax) and multi-label (sigmoid)

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers, optimizers

netlet.utils.set_random_seed(0)
rng = np.random.default_rng(0)
names = ["row", "column", "slash", "dot"]


# %%
# Pictures with one or several shapes
# -----------------------------------
# Each picture has 12 × 12 pixels and some noise. ``present`` says which of four shapes are drawn, at a random place.


def draw(present):
    picture = rng.normal(0, 0.15, (12, 12))
    at = rng.integers(1, 10, 4)
    if present[0]:
        picture[at[0]] += 1
    if present[1]:
        picture[:, at[1]] += 1
    if present[2]:
        picture += np.eye(12, k=at[2] - 5)
    if present[3]:
        picture[at[3] : at[3] + 2, at[0] : at[0] + 2] += 1.5
    return picture.astype("float32")


one_shape = np.eye(4)[rng.integers(0, 4, 3000)]
any_shapes = rng.integers(0, 2, (3000, 4)).astype(float)
one_pictures = np.stack([draw(row) for row in one_shape])
any_pictures = np.stack([draw(row) for row in any_shapes])


def network(activation):
    return netlet.Sequential(
        [
            netlet.Input((12, 12)),
            layers.Reshape((12, 12, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(4, activation=activation),
        ]
    )


# %%
# Two networks
# ------------
# They differ in the last activation and the loss, and in nothing else. With whole numbers as labels instead of
# one-hot rows, the first loss would be ``"sparse_categorical_crossentropy"``.

which = network("softmax")
which.compile(optimizers.Adam(), "categorical_crossentropy", metrics=["accuracy"])
which.fit(one_pictures[:2500], one_shape[:2500], epochs=8, verbose=0)

what = network("sigmoid")
what.compile(optimizers.Adam(), "binary_crossentropy", metrics=["binary_accuracy"])
what.fit(any_pictures[:2500], any_shapes[:2500], epochs=12, verbose=0)

right_class = which.evaluate(one_pictures[2500:], one_shape[2500:], verbose=0)[1]
right_label = what.evaluate(any_pictures[2500:], any_shapes[2500:], verbose=0)[1]
print(f"classes right: {right_class:.3f}, labels right: {right_label:.3f}")
assert right_class > 0.95 and right_label > 0.93

# %%
# The sums tell them apart
# ------------------------
# Four pictures, and what both networks say. The softmax outputs add up to 1: of two shapes in the picture the network
# can name only one, and in a picture without any it still names one. The sigmoid outputs answer four separate
# questions.

cases = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0]])
pictures = np.stack([draw(row) for row in cases])
softmax, sigmoid = which.predict(pictures, verbose=0), what.predict(pictures, verbose=0)
assert np.allclose(softmax.sum(axis=1), 1, atol=1e-6)
assert np.all(np.sort(softmax, axis=1)[:, -2] <= 0.5)  # never two classes above one half
assert np.array_equal(sigmoid > 0.5, cases == 1)

figure, axes = plt.subplots(2, 4, figsize=(10, 4.6), layout="constrained", height_ratios=[1.2, 1])
for i, (image, chart) in enumerate(axes.T):
    image.imshow(pictures[i], cmap="gray_r", vmin=-0.5, vmax=1.5)
    image.set(xticks=[], yticks=[], title=" + ".join(n for n, p in zip(names, cases[i]) if p) or "nothing")
    place = np.arange(4)
    chart.bar(place - 0.2, softmax[i], 0.4, label=f"softmax, sum {softmax[i].sum():.2f}")
    chart.bar(place + 0.2, sigmoid[i], 0.4, label=f"sigmoid, sum {sigmoid[i].sum():.2f}", hatch="//")
    chart.set_xticks(place, names, fontsize=8.5)
    chart.set(ylim=(0, 1.55), yticks=[0, 0.5, 1])
    chart.legend(frameon=False, loc="upper center", fontsize=9)
axes[1, 0].set_ylabel("output")
plt.show()

# %%
# **Try:** train the softmax network on ``any_shapes``. Its loss cannot approach zero, because the targets do not add
# up to 1.
