"""
The same network twice: the same results?
=========================================

The weights start at random, the order of the examples is shuffled, dropout draws. So two runs differ, unless the
random numbers are the same: set the seed. In netlet the results are then equal to the last bit, for any number of
threads.
"""
# Lecture notes: Reproducibility

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import datasets, layers

(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()


def train(seed, threads=1):
    """Returns the loss of each epoch and all weights."""
    netlet.set_num_threads(threads)
    netlet.utils.set_random_seed(seed)
    model = netlet.Sequential(
        [
            netlet.Input((8, 8)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, epochs=10, validation_data=(x_test, y_test), verbose=0)
    return history.history, model.get_weights()


def bits_that_differ(a, b):
    """Counts the weights that are not equal to the last bit."""
    return sum(int(np.sum(u.view(np.uint32) != v.view(np.uint32))) for u, v in zip(a, b))


# %%
# The same seed
# -------------
# ``utils.set_random_seed`` seeds netlet, NumPy and Python's ``random``. Two runs with the seed 7 are compared weight
# by weight, as integers made of the 32 bits of each float: no tolerance. Sums of floats depend on their order
# (:math:`(a + b) + c \ne a + (b + c)`), and many libraries let the number of threads decide the order. netlet does
# not.

threads_before = netlet.get_num_threads()
first, weights = train(7)
again, weights_again = train(7)
assert bits_that_differ(weights, weights_again) == 0
assert first == again  # every loss and accuracy of every epoch
for threads in (2, 3, 4):
    assert bits_that_differ(weights, train(7, threads)[1]) == 0

# %%
# Other seeds
# -----------
# Without a seed you would see one of these curves, and not know which. The spread is a fact about the method: if you
# compare two networks, a difference smaller than this spread means nothing. Report several seeds.

runs = {seed: train(seed)[0] for seed in range(8)}
netlet.set_num_threads(threads_before)
final = [run["val_accuracy"][-1] for run in runs.values()]
print(f"test accuracy of 8 seeds: {min(final):.3f} to {max(final):.3f}")
assert len({run["loss"][-1] for run in runs.values()}) == 8

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
for run in runs.values():
    left.plot(range(1, 11), run["val_loss"], color="C0", alpha=0.5, linewidth=1)
left.plot([], [], color="C0", label="seeds 0 to 7")
left.plot(range(1, 11), first["val_loss"], color="0.75", linewidth=6, zorder=0, label="seed 7, first run")
left.plot(range(1, 11), again["val_loss"], "k--", linewidth=1.2, label="seed 7, second run")
left.set(xlabel="epoch", ylabel="test loss", title="Different seeds, and the same seed twice", yscale="log")
left.legend(frameon=False)
gap = [abs(a - b) for a, b in zip(runs[0]["val_loss"], runs[1]["val_loss"])]
right.plot(range(1, 11), gap, "o-", label="seed 0 and seed 1")
right.plot(
    range(1, 11), [abs(a - b) for a, b in zip(first["val_loss"], again["val_loss"])], "s--", label="seed 7 twice"
)
right.set(xlabel="epoch", ylabel="difference of the test losses", title="The difference is 0, not just small")
right.legend(frameon=False)
plt.show()

# %%
# **Try:** leave out ``set_random_seed`` in ``train`` and run the script twice.
