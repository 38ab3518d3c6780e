"""
Universal approximation, and a jump
===================================

A network with one hidden layer comes as close as you like to any continuous function on an interval, if the layer is
wide enough. The theorem promises that such weights exist, not that training finds them. It speaks of continuous
functions only: across a jump, every network is wrong somewhere.
"""
# Lecture notes: Universal approximation

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers, optimizers

x = np.linspace(-1, 1, 400, dtype="float32")[:, None]
fine = np.linspace(-1, 1, 20_001, dtype="float32")[:, None]  # between the training points too


def fit(function, width):
    """Trains one hidden layer of `width` tanh units on `function`; returns the outputs on the fine grid."""
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((1,)), layers.Dense(width, activation="tanh"), layers.Dense(1)])
    rng = np.random.default_rng(0)
    slopes = rng.normal(0, 8, (1, width))  # the bends of the units start all over the interval
    model.layers[0].set_weights([slopes, -slopes[0] * rng.uniform(-1, 1, width)])
    model.compile(optimizers.Adam(optimizers.schedules.CosineDecay(0.02, 4000)), "mse")
    model.fit(x, function(x), batch_size=len(x), epochs=4000, verbose=0)
    return model.predict(fine, batch_size=4096, verbose=0)


# %%
# Wider is closer
# ---------------
# Each hidden unit contributes one bend. The error that counts is the largest one over the whole interval, also
# between the training points.


def smooth(x):
    return np.sin(5 * x) * np.exp(-x)


widths = [2, 5, 40]
smooth_fits = {width: fit(smooth, width) for width in widths}
smooth_errors = {width: float(np.abs(y - smooth(fine)).max()) for width, y in smooth_fits.items()}
print("largest errors:", smooth_errors)
assert smooth_errors[40] < 0.08 and smooth_errors[40] < smooth_errors[5] < smooth_errors[2]

# %%
# A jump stays
# ------------
# A network is a sum of continuous functions, so it is continuous. From the left side of the jump to the right side it
# passes through all values in between, and on the way it is wrong by half the jump's height, here 1 / 2. A wider
# network makes the place where this happens narrower; it does not make the error smaller.


def jump(x):
    return np.where(x < 0.1, -0.5, 0.5) + 0.3 * np.sin(6 * x)


jump_fits = {width: fit(jump, width) for width in widths}
jump_errors = {width: float(np.abs(y - jump(fine)).max()) for width, y in jump_fits.items()}
wrong_share = {width: float(np.mean(np.abs(y - jump(fine)) > 0.1)) for width, y in jump_fits.items()}
print("largest errors:", jump_errors)
print("share of the interval with an error above 0.1:", wrong_share)
assert min(jump_errors.values()) > 0.49  # half of the jump, for every width
assert wrong_share[40] < 0.05 < wrong_share[5] < wrong_share[2]

# %%
# Look at the right figure near x = 0.1: the curve of 40 units is a steep slope, not a jump.

figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained", sharex=True)
for ax, function, fits, errors, title in [
    (axes[0], smooth, smooth_fits, smooth_errors, "Continuous: wider is closer"),
    (axes[1], jump, jump_fits, jump_errors, "A jump: the error stays at 1/2"),
]:
    y = function(fine)
    y[np.abs(fine - 0.1) < 1e-4] = np.nan if function is jump else y[np.abs(fine - 0.1) < 1e-4]
    ax.plot(fine, y, color="0.75", linewidth=6, label="function")
    for width, style in zip(widths, [":", "--", "-"]):
        ax.plot(fine, fits[width], style, linewidth=1.6, label=f"{width} units, largest error {errors[width]:.2f}")
    ax.set(xlabel="x", ylabel="y", title=title)
    ax.legend(frameon=False)
plt.show()

# %%
# **Try:** ``activation=None`` in the hidden layer. However wide it is, the network is then a straight line: the bends
# come from the activation.
