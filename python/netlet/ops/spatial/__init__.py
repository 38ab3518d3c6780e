"""What convolution, pooling and image operations share: layouts, windows, resampling."""
