"""Shared by all kernel benchmarks: rows, peers, floors, the check of the answers, the table, the plot."""
