"""What every benchmark of kernels shares: rows, peers, floors, the check of the answers, the table, the plot."""
