"""Free ports on the loopback address."""

import random
import socket

# Below the usual range of ephemeral ports: a client that reconnects to a stopped server could
# otherwise get that port as its own end, and the server could not come back.
LOWEST, HIGHEST = 15_000, 30_000

_given: set[int] = set()


def free_port() -> int:
    """A port without a listener; this process never gets the same one twice."""
    for port in random.SystemRandom().sample(range(LOWEST, HIGHEST), 200):
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise OSError("no free port on 127.0.0.1")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
