"""Finds the binaries of a PostgreSQL and runs a local server with them, on a Unix socket only."""

from pgdocket.server.binaries import Binaries, find_binaries
from pgdocket.server.home import find_home
from pgdocket.server.local import LocalServer, local_server

__all__ = ["Binaries", "LocalServer", "find_binaries", "find_home", "local_server"]
