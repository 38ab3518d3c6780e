"""What all optimizers stand on: Optimizer itself, its options, slots and segments, and what is done to gradients."""
