"""The functions and classes of `keras.quantizers`."""
