"""
A random image still gets a confident label
===========================================

A softmax must give its hundred per cent to some class, even if the input is noise. How much is such a probability
worth? A network is *calibrated* if, of all its predictions with a probability near 0.7, seven in ten are right. This
page shows a confident answer to noise, measures the calibration, and improves it with one number.
"""

# Lecture notes: "A random image still gets a confident label"

# %%
# A random image
# --------------
# A network that reads handwritten digits, somewhat blurred by noise, and was trained long. It has never seen anything
# that is no digit, and has no output for it.

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.datasets import load_digits

import netlet
from netlet import layers, losses, ops

digits = load_digits()
rng = np.random.default_rng(0)
order = rng.permutation(len(digits.data))
x, y = digits.data[order] / 16, digits.target[order]
x = (x + rng.normal(0, 0.25, x.shape)).astype("float32")

netlet.utils.set_random_seed(0)
model = netlet.Sequential(
    [netlet.Input((64,)), layers.Dense(128, "relu"), layers.Dense(128, "relu"), layers.Dense(10)]  # logits
)
loss = losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(netlet.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
model.fit(x[:400], y[:400], epochs=100, verbose=0)


def confidence(logits):
    """The probability of the predicted class."""
    return np.asarray(ops.softmax(logits)).max(axis=1)


logits, labels = model.predict(x[400:], verbose=0), y[400:]
right = logits.argmax(axis=1) == labels
noise = rng.uniform(0, 1, (1000, 64)).astype("float32")
noise_logits = model.predict(noise, verbose=0)
sure = np.mean(confidence(noise_logits) > 0.9)
print(f"digits: accuracy {right.mean():.3f}, mean confidence {confidence(logits).mean():.3f}")
print(f"random images: mean confidence {confidence(noise_logits).mean():.3f}; above 0.9: {sure:.0%} of them")
assert sure > 0.2

figure, (ax, *grid) = plt.subplots(1, 4, figsize=(10.5, 3), layout="constrained", width_ratios=(2.4, 1, 1, 1))
bins = np.linspace(0, 1, 26)
for values, colour, name in ((confidence(logits), "#2f6fb5", "digits"), (confidence(noise_logits), "#d9730d", "noise")):
    ax.hist(values, bins, weights=np.full(len(values), 1 / len(values)), color=colour, alpha=0.6, label=name)
ax.set(xlabel="probability of the predicted class", ylabel="fraction of the images")
ax.legend(frameon=False, loc="upper left")
for ax, k in zip(grid, np.argsort(-confidence(noise_logits))):
    ax.imshow(noise[k].reshape(8, 8), cmap="gray_r")
    ax.set(xticks=[], yticks=[], title=f"“{noise_logits[k].argmax()}”, {confidence(noise_logits)[k]:.1%} sure")
figure.suptitle("Noise gets labels, too")

# %%
# Calibration
# -----------
# A network that was trained long has driven its training probabilities to 1, and is as sure of new images. Dividing
# the logits by one number, the *temperature*, corrects that and changes no prediction. It is chosen on one half of the
# held-out data and measured on the other.

half = len(labels) // 2
fit_on, measure_on = slice(0, half), slice(half, None)


def log_loss(temperature, part):
    return float(loss(labels[part], logits[part] / temperature))


def calibration_error(temperature):
    """The mean gap of confidence and accuracy over eight parts of equal size, and the parts' points."""
    sure, good = confidence(logits[measure_on] / temperature), right[measure_on]
    parts = np.array_split(np.argsort(sure), 8)
    points = np.array([(sure[part].mean(), good[part].mean()) for part in parts])
    return np.abs(points[:, 0] - points[:, 1]).mean(), points


temperature = float(minimize_scalar(lambda t: log_loss(t, fit_on), bounds=(0.2, 20), method="bounded").x)
figure, ax = plt.subplots(figsize=(5.4, 4), layout="constrained")
ax.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="calibrated")
errors = {}
for scale, colour, name in ((1.0, "#d9730d", "as trained"), (temperature, "#2f6fb5", f"temperature {temperature:.1f}")):
    errors[scale], points = calibration_error(scale)
    ax.plot(*points.T, "o-", color=colour, label=f"{name}: error {errors[scale]:.3f}")
    print(f"{name}: log loss {log_loss(scale, measure_on):.3f}, calibration error {errors[scale]:.3f}")
ax.set(xlabel="confidence", ylabel="fraction that is right", xlim=(0.3, 1.02), ylim=(0.3, 1.02))
ax.legend(frameon=False, loc="upper left")

# %%
# A temperature above 1 makes all answers less certain. It does not teach the network what noise is:

left = np.mean(confidence(noise_logits / temperature) > 0.9)
print(f"random images above 0.9 after it: {left:.0%}")

# %%
# *Try:* add noise images as an eleventh class. Are other non-digits, say a checkerboard, recognized as such then?

assert temperature > 1 and errors[temperature] < errors[1.0] / 2
