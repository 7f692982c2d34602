"""An event loop whose time jumps to the next thing that waits: seconds of waiting cost none, and are exact."""

import asyncio
import selectors


class _Jumping(selectors.DefaultSelector):
    def __init__(self):
        super().__init__()
        self.now = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        assert ready or timeout is not None, "everything waits, and nothing would ever end it"
        self.now += 0 if ready else timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now


def run(work):
    """What the coroutine gives, in a loop of its own that begins at second 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def seconds():
    """The seconds since the running loop began."""
    return asyncio.get_running_loop().time()
