"""What all quantized layers share: codes of weights, how they are made from float layers, observers of ranges."""
