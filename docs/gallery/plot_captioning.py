"""
Image captions: a CNN looks, an RNN writes
==========================================

A convolutional network turns an image into a vector; a recurrent network starts from that vector and writes words,
each from the ones before. Trained together, the first learns to see what the second has to describe. Images and
captions are made in the page: a shape, its size and its place.
"""

# Lecture notes: Image captioning

# %%
# Images and captions
# -------------------

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers

rng = np.random.default_rng(0)
SIDE = 20


def scene():
    """An image (20, 20, 1) and its caption."""
    size, shape = rng.choice(["small", "large"]), rng.choice(["square", "circle", "cross"])
    vertical, horizontal = rng.choice(["top", "bottom"]), rng.choice(["left", "right"])
    radius = 2.4 if size == "small" else 4.4
    y, x = (rng.uniform(4, 6) if end in ("top", "left") else rng.uniform(13, 15) for end in (vertical, horizontal))
    down, across = np.abs(np.arange(SIDE)[:, None] - y), np.abs(np.arange(SIDE)[None] - x)
    inside = {
        "square": np.maximum(down, across) <= radius,
        "circle": down**2 + across**2 <= (radius * 1.15) ** 2,
        "cross": (np.minimum(down, across) <= radius / 3) & (np.maximum(down, across) <= radius),
    }[shape]
    image = inside * rng.uniform(0.6, 1) + rng.normal(0, 0.1, (SIDE, SIDE))
    article = "a" if rng.random() < 0.5 else "one"
    return image[..., None].astype("float32"), f"{article} {size} {shape} at the {vertical} {horizontal}"


images, captions = zip(*(scene() for _ in range(3000)))
images = np.stack(images)
words = ["", "<start>", "<end>", *sorted({word for caption in captions for word in caption.split()})]
number = {word: k for k, word in enumerate(words)}
tokens = np.array([[1, *(number[w] for w in caption.split()), 2] for caption in captions], "int32")
print(captions[0], "->", tokens[0])

# %%
# The model
# ---------
# The image's vector is the first state of the GRU. In training the decoder reads the true words and predicts each next
# one (*teacher forcing*): inputs are the tokens without the last, targets the tokens without the first.

netlet.utils.set_random_seed(0)
picture = netlet.Input((SIDE, SIDE, 1))
h = layers.Conv2D(12, 3, activation="relu")(picture)
h = layers.MaxPooling2D()(h)
h = layers.Conv2D(24, 3, activation="relu")(h)
h = layers.MaxPooling2D()(h)
seen = layers.Dense(48, activation="tanh")(layers.Flatten()(h))

text = netlet.Input((None,), dtype="int32")
h = layers.Embedding(len(words), 16)(text)
h = layers.GRU(48, return_sequences=True)(h, initial_state=seen)
model = netlet.Model([picture, text], layers.Dense(len(words))(h))

loss = netlet.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(netlet.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
model.fit([images[:2500], tokens[:2500, :-1]], tokens[:2500, 1:], epochs=30, batch_size=32, verbose=0)

# %%
# Writing a caption
# -----------------
# Without true words the model reads its own: begin with ``<start>``, take the likeliest next word, append it, repeat
# until ``<end>``.


def describe(pictures):
    written = np.ones((len(pictures), 1), "int32")
    for _ in range(tokens.shape[1] - 1):
        logits = model.predict([pictures, written], verbose=0)[:, -1]
        written = np.c_[written, logits.argmax(axis=-1)].astype("int32")
    return [" ".join(words[k] for k in row[1:]).split(" <end>")[0] for row in written]


described = describe(images[2500:])
truth = [caption.split(" ", 1)[1] for caption in captions[2500:]]  # "a" or "one" is chance: compare the rest
right = np.array([d.split(" ", 1)[1] == t for d, t in zip(described, truth)])
print(f"{right.mean():.1%} of the captions of new images are right in every word")
assert right.mean() > 0.95

figure, axes = plt.subplots(2, 4, figsize=(10, 5.2), layout="constrained")
for ax, image, caption, good in zip(axes.flat, images[2500:], described, right):
    ax.imshow(image[..., 0], cmap="gray_r", vmin=-0.2, vmax=1.1)
    ax.set_title(caption.replace(" at", "\nat"), fontsize=10, color="k" if good else "#c62828")
    ax.set(xticks=[], yticks=[])

# %%
# Whether the caption says "a" or "one" is chance and cannot be seen in the image: the model writes what it finds a
# little likelier.
#
# *Try:* draw the words with ``utils.sample_from_logits(logits, temperature=1)``. The article varies, the facts do not.
