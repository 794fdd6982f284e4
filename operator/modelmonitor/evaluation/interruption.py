"""SIGTERM: eviction, node drain, the Job's deadline. The kubelet says it, and kills half a minute later.

Python runs a signal's handler in the main thread, between two of its own instructions. A main thread that waits in
compiled code, for a store that no longer answers or for a fit, has none of them, and would be killed without a word.
So the signal itself writes to a pipe, and another thread, which reads from it, says why and ends the process.
"""

import os
import signal
import threading
from collections.abc import Callable


class Interruption:
    """From its creation on SIGTERM ends the process: `last_words` is called, and the exit code is `code`."""

    def __init__(self, last_words: Callable[[], None], code: int) -> None:
        self._lock = threading.Lock()
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.set_wakeup_fd(writer)
        threading.Thread(target=self._wait, args=(reader, last_words, code), daemon=True).start()

    def too_late(self) -> None:
        """The result is about to be written: nothing else may be written over it any more."""
        self._lock.acquire()

    def _wait(self, reader: int, last_words: Callable[[], None], code: int) -> None:
        # Any signal with a handler is written to the pipe; SIGINT is for a person's keyboard.
        while os.read(reader, 1) != bytes([signal.SIGTERM]):
            pass
        with self._lock:
            last_words()
            # Not sys.exit: it would wait for the other threads.
            os._exit(code)
