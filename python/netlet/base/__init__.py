"""Parts that do not depend on networks: nested structures, names, locks, threads."""
