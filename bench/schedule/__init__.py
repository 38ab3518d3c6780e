"""How much faster each workload's training step would be on 2 to 64 cores, simulated from the times of its chunks."""
