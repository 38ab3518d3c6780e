"""Keras's files: `.keras` and `.weights.h5` are read and written, whole-model `.h5` files are read."""
