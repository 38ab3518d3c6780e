"""The part of Layer that is about quantization: configs, the table of quantized classes, changes in place."""
