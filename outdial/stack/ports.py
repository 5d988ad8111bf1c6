"""Free ports on the loopback address."""

import random
import socket

# Below the usual range of ephemeral ports: a client that keeps trying a stopped server could
# otherwise be given that very port as its own end and keep the server from coming back.
LOWEST, HIGHEST = 15_000, 30_000

_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on now, never the same one twice in this process."""
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
