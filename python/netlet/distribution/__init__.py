"""Training on several processes and machines, under the names of `keras.distribution`.

`pip install 'netlet[mpi]'` for MPI, `pip install 'netlet[ray]'` for Ray.
"""

from __future__ import annotations

from netlet.base.missing import explain_missing

__all__: list[str] = []

explain_missing(__name__)
