"""
Semi-supervised learning with pseudo-labels
===========================================

Labels are expensive, data are not. Pseudo-labelling trains a network on the few labelled samples, lets it label the
others, keeps the labels of which it is sure, and trains again on both. With each round the sure region grows, from
the labelled samples into their neighbourhood. Here fifty labelled digits and a thousand unlabelled ones are used
together.
"""

# Lecture notes: GAN

# %%
# Few labels, many images
# -----------------------
# Five labels for each digit. The test images are used for nothing but the accuracy.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE

import netlet
from netlet import layers

digits = load_digits()
order = np.random.default_rng(0).permutation(len(digits.target))
x, y = (digits.data[order] / 16).astype("float32"), digits.target[order]
x, y, x_test, y_test = x[:1100], y[:1100], x[1100:], y[1100:]
labelled = np.concatenate([np.flatnonzero(y == digit)[:5] for digit in range(10)])
unlabelled = np.setdiff1d(np.arange(len(x)), labelled)


def trained(inputs, targets):
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential(
        [netlet.Input((64,)), layers.Dense(64, "relu"), layers.Dropout(0.3), layers.Dense(10, "softmax")]
    )
    model.compile(netlet.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(inputs, targets, epochs=60, batch_size=32, verbose=0)
    return model, model.evaluate(x_test, y_test, verbose=0)[1]


# %%
# Rounds
# ------
# In each round the network labels all unlabelled images again and keeps the labels with a probability above 0.95. It
# is trained anew from the same first weights, so that an early mistake can be corrected.

model, accuracy = trained(x[labelled], y[labelled])
rounds = [(accuracy, np.array([], int), np.array([], int))]  # test accuracy, images with pseudo-labels, the labels
for _ in range(5):
    p = model.predict(x[unlabelled], verbose=0)
    sure = p.max(axis=1) > 0.95
    images, guesses = unlabelled[sure], p[sure].argmax(axis=1)
    model, accuracy = trained(np.concatenate([x[labelled], x[images]]), np.concatenate([y[labelled], guesses]))
    rounds.append((accuracy, images, guesses))
    right = np.mean(guesses == y[images])
    print(f"{len(images):4d} pseudo-labels, {right:.1%} of them right: test accuracy {accuracy:.3f}")

# %%
# How the labels spread
# ---------------------
# t-SNE draws similar images near each other; it does not know the labels either. Grey images have no label yet,
# crosses have a wrong one.

plane = TSNE(max_iter=300, random_state=0).fit_transform(x)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
for ax, number in zip(axes, (0, 1, 5)):
    accuracy, images, guesses = rounds[number]
    ax.scatter(*plane.T, color="0.85", s=8)
    colours = ax.scatter(*plane[images].T, c=guesses, cmap="tab10", vmin=0, vmax=9, s=10)
    ax.scatter(
        *plane[labelled].T, c=y[labelled], cmap="tab10", vmin=0, vmax=9, s=60, marker="*", edgecolor="k", linewidth=0.5
    )
    wrong = images[guesses != y[images]]
    ax.scatter(*plane[wrong].T, color="k", marker="x", s=24, linewidth=1)
    ax.set(title=f"round {number}: {accuracy:.1%} of the test images", xticks=[], yticks=[])
figure.colorbar(colours, ax=axes, ticks=range(10), label="label")

# %%
# The stars are the fifty true labels. The first round labels their neighbourhood, almost without errors; the later
# ones spread the labels through the clusters. Wrong labels lie where clusters meet. A network that is sure of a wrong
# label trains on it again and again, so check pseudo-labels on a few true ones before you trust them.

all_labels = trained(x, y)[1]
print(
    f"test accuracy: 50 labels {rounds[0][0]:.3f}, with pseudo-labels {rounds[-1][0]:.3f}, all labels {all_labels:.3f}"
)

# %%
# *Try:* two labels for each digit. The network is sure of nothing, and no label spreads; with a threshold of 0.5 it is
# wrong about every fourth.

assert rounds[-1][0] > rounds[0][0] + 0.02
