"""A real PostgreSQL for tests: initdb in a temporary folder, a free loopback port, stopped at the end."""

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path


def binaries():
    """The folder with initdb and pg_ctl, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parent.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else found[-1].parent if found else None


def as_somebody():
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running_postgres(folder: Path):
    """Yields the port; user `postgres` has the password `right`, authentication is scram-sha-256."""
    data, port, bin_ = folder / "data", free_port(), binaries()
    secret = folder / "password"
    secret.write_text("right")
    data.mkdir()
    if os.geteuid() == 0:
        for path in (folder, data, secret):
            shutil.chown(path, "nobody", "nogroup")
    run([bin_ / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync",
         "-A", "scram-sha-256", f"--pwfile={secret}"], folder)  # fmt: skip
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    run([bin_ / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", data / "log", "-o", settings, "start"], folder)
    try:
        yield port
    finally:
        run([bin_ / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"], folder)


def run(command, folder):
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run([*as_somebody(), *map(str, command)], cwd=folder, check=False, **told)
    assert done.returncode == 0, done.stdout
