"""Files of a department's folder: the whole folder at once, a file replaced at once, one line of a file changed.

Who reads sees an old file or a new one, never half of one. What stands in a line is the department's own manner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random


def create(folder: Path, files: Callable[[], Iterator[tuple[str, bytes]]]) -> None:
    """The folder with those files, there as a whole or not at all; one that is there stays as it is."""
    if folder.exists():
        return
    part = folder.with_suffix(".part")
    for name, content in files():
        path = part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    part.rename(folder)


def replace(path: Path, content: bytes) -> None:
    """That content in place of the file's, or a new file."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def change_line(path: Path, pick: Random, changed: Callable[[bytes], bytes | None], head: int = 0) -> bool:
    """One line that `changed` is ready to change, tried from a random one on; False where there is none."""
    lines = path.read_bytes().splitlines(keepends=True)
    begin = pick.randrange(head, len(lines)) if len(lines) > head else 0
    for place in (*range(begin, len(lines)), *range(head, begin)):
        new = changed(lines[place])
        if new is not None:
            lines[place] = new
            replace(path, b"".join(lines))
            return True
    return False


def add_line(path: Path, head: bytes, line: bytes) -> None:
    """The line behind the others of the file; the first of a new one has the head before it."""
    before = path.read_bytes() if path.exists() else head
    replace(path, before + line)
