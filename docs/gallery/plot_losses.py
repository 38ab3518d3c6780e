"""
Losses
======

A loss says how wrong one answer is; the cost is its mean over the data. For numbers there are squared error, absolute
error and Huber's mixture; for probabilities there is cross-entropy. The choice decides which mistakes count most:
squared error listens to outliers, and cross-entropy punishes confident mistakes without limit.
"""
# Lecture notes: Loss and cost

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers, losses, optimizers

# %%
# The formulas
# ------------
# ``losses.mean_squared_error`` and its siblings return one number for each row; the classes, such as
# ``losses.MeanSquaredError()``, return the mean of those: the cost.

y = np.array([[1.0], [0.0], [1.0], [1.0]])
p = np.array([[0.9], [0.2], [0.6], [0.1]])
error = y - p
assert np.isclose(float(losses.MeanSquaredError()(y, p)), np.mean(error**2))
assert np.isclose(float(losses.MeanAbsoluteError()(y, p)), np.mean(np.abs(error)))

delta, far = 0.5, np.abs(error) > 0.5
huber = np.where(far, delta * (np.abs(error) - delta / 2), error**2 / 2)
assert np.isclose(float(losses.Huber(delta=delta)(y, p)), np.mean(huber))

# %%
# The log loss is :math:`-\sum [y \log p + (1 - y) \log (1 - p)]`, and with its mean instead of the sum it is binary
# cross-entropy. The brackets belong there: the minus sign is for both terms. Only one of the two terms is not zero:
# the logarithm of the probability that was given to the truth. With more than two classes this is categorical
# cross-entropy.

log_loss = -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))
assert np.isclose(float(losses.BinaryCrossentropy(reduction="sum")(y, p)), log_loss, atol=1e-5)  # 3.14
assert np.isclose(float(losses.BinaryCrossentropy()(y, p)), log_loss / len(y), atol=1e-5)

three = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
classes = np.array([0, 1])
expected = -np.mean(np.log([0.7, 0.3]))
assert np.isclose(float(losses.SparseCategoricalCrossentropy()(classes, three)), expected, atol=1e-6)
assert np.isclose(float(losses.CategoricalCrossentropy()(np.eye(3)[classes], three)), expected, atol=1e-6)

# %%
# Outliers
# --------
# A line is fitted to 30 points, of which three are wrong by far. Squared error grows with the square of the distance,
# so these three pull the line. Absolute error counts each unit of distance alike, and Huber's loss is squared for
# small errors (smooth at the minimum) and absolute for large ones.

netlet.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = np.linspace(-1, 1, 30, dtype="float32")[:, None]
line = 2 * x
data = line + rng.normal(0, 0.1, x.shape)
data[25:28] -= 6


def slope(loss):
    model = netlet.Sequential([netlet.Input((1,)), layers.Dense(1)])
    model.compile(optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 1500)), loss)
    model.fit(x, data, batch_size=len(x), epochs=1500, verbose=0)
    return model.get_weights()[0].item(), model.predict(x, verbose=0)


fits = {
    "mean squared error": slope("mse"),
    "mean absolute error": slope("mae"),
    "Huber, δ = 0.5": slope(losses.Huber(0.5)),
}
for name, (w, _) in fits.items():
    print(f"{name}: slope {w:.2f}")
assert abs(fits["mean absolute error"][0] - 2) < 0.1 and abs(fits["Huber, δ = 0.5"][0] - 2) < 0.3
assert fits["mean squared error"][0] < 1

# %%
# Left: the losses of one error. Middle: cross-entropy grows without limit as the probability of the truth falls to 0,
# and so does its slope. The squared error of a probability is at most 1 and its slope at most 2. After a sigmoid, which
# is flat there, hardly any gradient is left to correct a confident mistake. Right: what the outliers do.

figure, (a, b, c) = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
errors, styles = np.linspace(-3, 3, 301)[:, None], ["-", "--", "-."]
for (name, loss), style in zip(
    {"squared": losses.mean_squared_error, "absolute": losses.mean_absolute_error}.items(), styles
):
    a.plot(errors, loss(np.zeros_like(errors), errors), style, label=name)
a.plot(errors, losses.huber(np.zeros_like(errors), errors, 0.5), "-.", label="Huber, δ = 0.5")
a.set(xlabel="error", ylabel="loss", title="Losses for numbers", ylim=(0, 4))
chance = np.linspace(0.005, 0.995, 200)[:, None]
b.plot(chance, losses.binary_crossentropy(np.ones_like(chance), chance), "-", label="cross-entropy, truth 1")
b.plot(chance, losses.binary_crossentropy(np.zeros_like(chance), chance), "--", label="cross-entropy, truth 0")
b.plot(
    chance, losses.mean_squared_error(np.ones_like(chance), chance), ":", color="0.4", label="squared error, truth 1"
)
b.set(xlabel="predicted probability p", ylabel="loss", title="Losses for probabilities", ylim=(0, 5))
c.plot(x, data, "o", color="0.6", markersize=4, label="data")
for (name, (_, fitted)), style in zip(fits.items(), styles):
    c.plot(x, fitted, style, label=name)
c.set(xlabel="x", ylabel="y", title="Three outliers")
for ax in (a, b, c):
    ax.legend(frameon=False, fontsize=8)
plt.show()

# %%
# **Try:** move the outliers further away. Which line moves?
