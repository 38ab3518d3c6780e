"""Max and average pooling: over windows, over whole images (global), and to a given output size (adaptive)."""
