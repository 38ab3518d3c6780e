"""A small neural network library with a native core and Keras's interface."""
