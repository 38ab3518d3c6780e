"""Branches and loops whose parts are functions."""

from __future__ import annotations

from netlet.base.exports import export_functions

from .branches import *
from .loops import *
from .maps import *
from .scans import *

export_functions(__name__)
