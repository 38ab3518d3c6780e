"""
Transfer learning: freeze, replace the head, fine-tune
======================================================

A network that was trained on one task has learned features that help with another. You keep its body, put a new last
layer (the *head*) on it, and train the head alone: the body is *frozen*. A second, gentle training of everything
(*fine-tuning*) then adapts the body, too. Here the first task is to read the digits 0 to 5, the second to read 6 to 9
from a few examples.
"""

# Lecture notes: Transfer learning

# %%
# The first task
# --------------
# scikit-learn's digits at random places in a noisy image of 14 × 14 pixels. There are 1083 images of the digits 0 to
# 5, each pasted six times: enough to learn what strokes look like, wherever they are.

import tempfile

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import netlet
from netlet import layers

digits, rng, SIDE = load_digits(), np.random.default_rng(0), 14


def paste(chosen):
    """The digits with these numbers at random places: images (n, 14, 14, 1) and labels (n,)."""
    images = rng.uniform(0, 0.4, (len(chosen), SIDE, SIDE, 1)).astype("float32")
    for image, k in zip(images[..., 0], chosen):
        r, c = rng.integers(0, SIDE - 7, 2)
        image[r : r + 8, c : c + 8] = np.maximum(image[r : r + 8, c : c + 8], digits.images[k] / 16)
    return images, digits.target[chosen]


def make_body():
    blocks = [netlet.Input((SIDE, SIDE, 1))]
    for filters in (16, 32):
        blocks += [layers.Conv2D(filters, 3, padding="same", activation="relu"), layers.MaxPooling2D()]
    return netlet.Sequential([*blocks, layers.Flatten(), layers.Dense(64, activation="relu")], name="body")


def with_head(body, classes, rate=2e-3):
    model = netlet.Sequential([body, layers.Dense(classes, activation="softmax", name="head")])
    model.compile(netlet.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


netlet.utils.set_random_seed(0)
first = with_head(make_body(), 6)
history = first.fit(*paste(np.tile(np.flatnonzero(digits.target < 6), 6)), epochs=6, verbose=0).history
print(f"the first task, digits 0 to 5: training accuracy {history['accuracy'][-1]:.3f}")

# %%
# The second task, in three ways
# ------------------------------
# The weights of the body go through a file, as they would if somebody else had trained it. ``body.trainable = False``
# takes them away from the optimizer. The new model contains the body as a layer, and only its new head is trained.
#
# To fine-tune, unfreeze the body, **compile again** (the optimizer must learn of the new weights) and train with a
# small rate, so that the features are adapted and not forgotten.

new_digits = [np.flatnonzero(digits.target == digit) for digit in (6, 7, 8, 9)]
test, test_labels = paste(np.concatenate([new[60:] for new in new_digits]))


def three_ways(count, seed):
    """Test accuracies from `count` examples of each new digit: from scratch, with a frozen body, then fine-tuned."""
    netlet.utils.set_random_seed(seed)
    pick = np.random.default_rng(seed).choice
    x, y = paste(np.concatenate([pick(new[:60], count, replace=False) for new in new_digits]))
    scratch = with_head(make_body(), 4)
    scratch.fit(x, y - 6, epochs=60, verbose=0)

    body = make_body()
    with tempfile.TemporaryDirectory() as folder:
        first.layers[0].save_weights(f"{folder}/body.weights.netlet")
        body.load_weights(f"{folder}/body.weights.netlet")
    body.trainable = False
    frozen = with_head(body, 4, rate=5e-3)
    assert len(frozen.trainable_weights) == 2  # kernel and bias of the head
    before = body.get_weights()
    frozen.fit(x, y - 6, epochs=60, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, body.get_weights()))  # frozen weights do not move
    found = [model.evaluate(test, test_labels - 6, verbose=0)[1] for model in (scratch, frozen)]

    body.trainable = True
    frozen.compile(netlet.optimizers.Adam(3e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    frozen.fit(x, y - 6, epochs=30, verbose=0)
    assert any(np.any(a != b) for a, b in zip(before, body.get_weights()))
    return [*found, frozen.evaluate(test, test_labels - 6, verbose=0)[1]]


# %%
# How many examples?
# ------------------
# For 2 to 40 examples of each new digit; a point is the mean of three choices of examples.

counts = (2, 5, 10, 20, 40)
accuracy = np.array([np.mean([three_ways(count, seed) for seed in range(3)], axis=0) for count in counts])
figure, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for way, values in zip(("from scratch", "frozen body", "then fine-tuned"), accuracy.T):
    ax.plot(range(5), values, "o-", label=way)
    print(f"{way:16}", values.round(3))
ax.set_xticks(range(5), counts)
ax.set(xlabel="examples of each new digit", ylabel="test accuracy", ylim=(0.25, 0.8))
ax.legend(frameon=False, loc="lower right")

# %%
# With two examples, training from scratch hardly beats guessing (the lower edge), and the frozen body is worth most.
# With more examples its features, made for other digits, become the limit, and fine-tuning pays.
#
# *Try:* fine-tune with the rate 3e-2. The features are overwritten before the head has learned to use them.

assert accuracy[0, 1] > accuracy[0, 0] + 0.1
assert accuracy[-1].argmax() == 2
