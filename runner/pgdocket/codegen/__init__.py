"""What the public functions look like, read from a database's catalog, and what is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from pgdocket.codegen.catalog import read_catalog
from pgdocket.codegen.python import client_files
from pgdocket.codegen.reference import reference_file
from pgdocket.codegen.twins import twin_files


def generated_code(root: Path, connection: psycopg.Connection[Any]) -> dict[Path, str]:
    """The modules of the Python client and its reference, by their path in the project at `root`.

    The connection is to a database with the schema. Raises Error for what can't be written.
    """
    catalog = read_catalog(connection)
    return client_files(catalog) | twin_files(root) | reference_file(catalog)
