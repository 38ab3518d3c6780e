"""What the other parts stand on and that knows nothing of networks: nested structures, names, locks, threads."""
