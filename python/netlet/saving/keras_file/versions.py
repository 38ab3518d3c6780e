"""The version of Keras whose file formats netlet writes."""

KERAS_VERSION = "3.15.1"
