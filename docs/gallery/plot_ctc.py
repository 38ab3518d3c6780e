"""
Reading captchas with CTC
=========================

A network reads an image from left to right and outputs a label, or "nothing", for each column. Nobody has marked
where in the image each character stands: the training data are images and texts. Connectionist temporal
classification (CTC) adds up the probabilities of all alignments that give the text and learns without the marks.
"""

# Lecture notes: Image captioning

# %%
# Captchas from handwritten digits
# --------------------------------
# Three to five of scikit-learn's handwritten digits are pasted into a strip of 8 × 48 pixels, with random gaps,
# overlaps and noise. Label 0 is the *blank* of CTC, so digit d has the label d + 1; labels are padded with 0.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import netlet
from netlet import layers, ops

digits = load_digits()
rng = np.random.default_rng(0)
order = rng.permutation(len(digits.target))
WIDTH, LONGEST = 48, 5


def captchas(count, first, last):
    """Images (count, 8, 48, 1) and labels (count, 5), from the digits number `first` to `last`."""
    images = rng.uniform(0, 0.25, (count, 8, WIDTH))
    labels = np.zeros((count, LONGEST), "int32")
    for image, row in zip(images, labels):
        at, length = rng.integers(0, 3), rng.integers(3, LONGEST + 1)
        for k in range(length):
            chosen = order[rng.integers(first, last)]
            image[:, at : at + 8] = np.maximum(image[:, at : at + 8], digits.images[chosen] / 16)
            row[k] = digits.target[chosen] + 1
            at += rng.integers(7, 10)
    return images[..., None].astype("float32"), labels


x, y = captchas(6000, 0, 1400)
x_test, y_test = captchas(500, 1400, 1797)  # digits that are not in the training data

# %%
# CNN, then BiLSTM, then CTC
# --------------------------
# Pooling shrinks the height to 2 and the width to 24: 24 *frames*, each with the features of its two rows. A
# bidirectional LSTM lets each frame see its neighbours on both sides. The last layer has 11 outputs, ten digits and
# the blank, and no softmax: ``loss="ctc"`` takes logits.

netlet.utils.set_random_seed(0)
model = netlet.Sequential(
    [
        netlet.Input((8, WIDTH, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D((2, 1)),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Permute((2, 1, 3)),
        layers.Reshape((WIDTH // 2, 2 * 32)),
        layers.Bidirectional(layers.LSTM(32, return_sequences=True)),
        layers.Dense(11),
    ]
)
rate = netlet.optimizers.schedules.CosineDecay(4e-3, 12 * 94)
model.compile(netlet.optimizers.Adam(rate), "ctc")
history = model.fit(x, y, batch_size=64, epochs=12, verbose=0).history
print("loss per epoch:", np.round(history["loss"], 2))

# %%
# Decoding
# --------
# *Greedy*: take the likeliest class of each frame, merge repetitions, drop the blanks. *Beam search* adds up the paths
# that give the same text, and finds the likeliest text.

logits = model.predict(x_test, verbose=0)
frames = np.full(len(x_test), logits.shape[1])


def accuracy(strategy):
    labels = np.asarray(ops.ctc_decode(logits, frames, strategy=strategy, beam_width=20)[0])[0]
    labels = np.where(labels < 0, 0, labels)[:, :LONGEST]
    return labels, (labels == y_test).all(axis=1).mean()


greedy, greedy_right = accuracy("greedy")
beam, beam_right = accuracy("beam_search")
print(f"whole captchas read correctly: greedy {greedy_right:.1%}, beam search {beam_right:.1%}")
assert greedy_right > 0.8 and beam_right >= greedy_right - 0.01


def text(row):
    return "".join(str(k - 1) for k in row if k > 0)


figure, axes = plt.subplots(2, 3, figsize=(11, 4.4), layout="constrained", height_ratios=(1, 1.8))
for column in range(3):
    image, outputs = axes[:, column]
    image.imshow(x_test[column, ..., 0], cmap="gray_r", aspect="auto", extent=(0, 24, 8, 0))
    image.set_title(f"read: {text(beam[column])}   (true: {text(y_test[column])})")
    image.set(xticks=[], yticks=[])
    probabilities = np.asarray(ops.softmax(logits[column]))
    outputs.imshow(probabilities.T, cmap="Blues", aspect="auto", extent=(0, 24, 10.5, -0.5), vmin=0, vmax=1)
    outputs.set_yticks(range(11), ["blank", *map(str, range(10))], fontsize=8)
    outputs.set_xlabel("frame")
axes[1, 0].set_ylabel("class")

# %%
# Each digit fires in one or two frames near its place and the blank fills the rest: CTC found the alignment by itself.
#
# *Try:* paste equal digits side by side. Between two equal labels CTC needs a blank frame, or they merge into one.
