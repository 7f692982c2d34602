"""Which processes run and who started them: from /proc where there is one, else from ps."""

import subprocess
from pathlib import Path


def running():
    """Every running process that can be seen: id → (parent's id, command line)."""
    return dict(_from_proc() if Path("/proc/self/stat").exists() else _from_ps())


def family(pid):
    """The ids of the processes that the process started, and of those that they started."""
    table = running()
    found, more = set(), {pid}
    while more:
        more = {child for child, (parent, _) in table.items() if parent in more} - found
        found |= more
    return found


def _from_proc():
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        if state != "Z":
            yield int(folder.name), (int(parent), command)


def _from_ps():
    told = subprocess.run(["ps", "-axo", "pid=,ppid=,stat=,command="], capture_output=True, text=True, check=True)
    for line in told.stdout.splitlines():
        pid, parent, state, command = line.split(None, 3)
        if not state.startswith("Z"):
            yield int(pid), (int(parent), command)
