"""
A neuron: weighted sum, bias, sigmoid
=====================================

A neuron multiplies each input by a weight, adds the products and a bias, and passes the sum through an activation
function. With the sigmoid as activation its output lies between 0 and 1 and can be read as a probability. In netlet a
neuron is a ``Dense`` layer with one unit.
"""
# Lecture notes: Neuron, weighted sum, bias, sigmoid

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import activations, layers

# %%
# One unit
# --------
# The neuron has two inputs, so it has two weights and one bias. You usually train them; here you set them by hand to
# see what they do. The output is :math:`\sigma(w_1 x_1 + w_2 x_2 + b)` with :math:`\sigma(z) = 1 / (1 + e^{-z})`.

neuron = netlet.Sequential([netlet.Input((2,)), layers.Dense(1, activation="sigmoid")])
weights, bias = np.array([[2.0], [-1.0]]), np.array([0.5])
neuron.set_weights([weights, bias])

x = np.array([[1.0, 2.0], [-1.5, 0.5], [0.0, 0.0]], dtype="float32")
output = neuron.predict(x, verbose=0)
by_hand = 1 / (1 + np.exp(-(x @ weights + bias)))
print(output.ravel())
assert np.allclose(output, by_hand, atol=1e-6)

# %%
# The sigmoid and its slope
# -------------------------
# One set of lecture notes writes :math:`1 / (1 + e^{x})`. The sign is wrong: that function falls from 1 to 0. The
# sigmoid has :math:`e^{-x}` and rises. Its range is the open interval from 0 to 1, and its slope is :math:`\sigma'(z)
# = \sigma(z)(1 - \sigma(z))`, largest at 0, where it is 0.25. ``GradientTape`` computes the slope.

z = netlet.Variable(np.linspace(-6, 6, 241))
with netlet.GradientTape() as tape:
    sigma = activations.sigmoid(z)
slope = tape.gradient(sigma, z).numpy()
z, sigma = z.numpy(), sigma.numpy()

assert abs(slope[120] - 0.25) < 1e-6  # z[120] is 0
assert slope.argmax() == 120 and sigma.min() > 0 and sigma.max() < 1
assert np.all(np.diff(sigma) > 0)  # it rises

# %%
# What weight and bias do
# -----------------------
# The weight sets how steep the curve is, and the bias shifts it: the output is 0.5 where :math:`wx + b = 0`, which is
# at :math:`x = -b / w`. With two inputs, that place is a line. The neuron can separate two groups of points only if a
# straight line can.

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.5), layout="constrained")
left.plot(z, sigma, label=r"$\sigma(z) = 1 / (1 + e^{-z})$", linewidth=2)
left.plot(z, slope, "--", label=r"$\sigma'(z)$", linewidth=2)
left.plot(0, 0.25, "ko", markersize=5)
left.annotate("0.25", (0, 0.25), (0.6, 0.27))
left.set(xlabel="weighted sum z", ylabel="output", title="The sigmoid and its slope")
left.legend(frameon=False, loc="upper left")

for (w, b), style in zip([(1, 0), (4, 0), (1, 3)], ["-", "--", ":"]):
    middle.plot(z, activations.sigmoid(w * z + b).numpy(), style, label=f"w = {w}, b = {b}", linewidth=2)
middle.axhline(0.5, color="0.8", zorder=0)
middle.set(xlabel="input x", ylabel=r"$\sigma(wx + b)$", title="Weight: steepness, bias: place")
middle.legend(frameon=False)

axis = np.linspace(-3, 3, 121)
grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
surface = neuron.predict(grid, verbose=0).reshape(121, 121)
filled = right.contourf(axis, axis, surface, levels=np.linspace(0, 1, 11), cmap="RdBu")
right.contour(axis, axis, surface, levels=[0.5], colors="k")
right.set(xlabel="$x_1$", ylabel="$x_2$", title="Two inputs: 0.5 is a line", aspect="equal")
figure.colorbar(filled, ax=right, label="output")
plt.show()

# %%
# **Try:** multiply both weights and the bias by 10. The line stays where it is, and the change from 0 to 1 becomes
# sharper: in the limit the neuron is a step.
