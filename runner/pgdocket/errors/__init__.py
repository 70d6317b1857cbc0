"""The errors of pgdocket: exceptions by SQLSTATE, from the one table that the database has, too."""

from pgdocket.errors.base import UNLISTED, Error, ErrorCode
from pgdocket.errors.table import (
    ERROR_CLASSES,
    ERROR_CODES,
    Conflict,
    ConnectionFailed,
    DependencyCycle,
    Forbidden,
    GateNotPassed,
    IllegalTransition,
    InvalidArgument,
    LeaseLost,
    LimitExceeded,
    NoServer,
    NotFound,
    PlanMismatch,
    SchemaMissing,
    ServerTooOld,
    StaleVersion,
)
from pgdocket.errors.translate import from_psycopg

__all__ = [
    "ERROR_CLASSES",
    "ERROR_CODES",
    "UNLISTED",
    "Conflict",
    "ConnectionFailed",
    "DependencyCycle",
    "Error",
    "ErrorCode",
    "Forbidden",
    "GateNotPassed",
    "IllegalTransition",
    "InvalidArgument",
    "LeaseLost",
    "LimitExceeded",
    "NoServer",
    "NotFound",
    "PlanMismatch",
    "SchemaMissing",
    "ServerTooOld",
    "StaleVersion",
    "from_psycopg",
]
