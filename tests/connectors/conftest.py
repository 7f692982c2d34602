"""Fixtures of the connector tests: stands for the contract, and a real PostgreSQL where its binaries are installed."""

import importlib.util
import os
import tempfile
from pathlib import Path

import pytest

pytest.register_assert_rewrite("connectors.contract")


def load(name):
    """A module beside this file: tests are no package."""
    spec = importlib.util.spec_from_file_location(f"connector_tests_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def postgres():
    """The port of a PostgreSQL that runs while the tests do: user postgres, password right."""
    server = load("postgres_server")
    if server.binaries() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed: under CI=true its tests may not be skipped")
        pytest.skip("PostgreSQL is not installed")
    # Not below tmp_path: pytest closes its folder to others, and as root the server runs as nobody.
    with tempfile.TemporaryDirectory(prefix="postgres") as folder:
        Path(folder).chmod(0o755)
        with server.running_postgres(Path(folder)) as port:
            yield port


@pytest.fixture(scope="session")
def soap_server():
    """The module of a SOAP service on loopback."""
    return load("soap_server")
