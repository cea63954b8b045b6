"""What a fork must not come into."""

import os
import threading

unforked = threading.RLock()
"""Held where a fork in another thread would leave the child with half of something: an import, a
pipe, or one of the locks of LLVM, llvmlite and Numba. `os.fork` waits for it, so nothing that takes
long may be done under it."""

if hasattr(os, "register_at_fork"):
    # The thread that forks holds it, and is the one that goes on in the child.
    os.register_at_fork(
        before=unforked.acquire,
        after_in_parent=unforked.release,
        after_in_child=unforked.release,
    )
