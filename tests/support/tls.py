"""Certificates of the tests' own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def openssl(folder: Path, *arguments: str) -> None:
    """Makes a key and a certificate for two days. Skips, visibly, without openssl."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    subprocess.run(
        [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-noenc", "-days", "2", *arguments],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def authority(folder: Path, name: str) -> None:
    """An authority: NAME.key and NAME.crt."""
    subject = ("-subj", f"/CN=The authority {name}", "-addext", "keyUsage=keyCertSign")
    openssl(folder, *subject, "-keyout", f"{name}.key", "-out", f"{name}.crt")


def certificate(folder: Path, name: str) -> None:
    """A certificate of that authority for localhost: server.key and server.crt."""
    issuer = ("-CA", f"{name}.crt", "-CAkey", f"{name}.key", "-addext", "basicConstraints=CA:FALSE")
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    openssl(folder, *issuer, *subject, "-keyout", "server.key", "-out", "server.crt")
