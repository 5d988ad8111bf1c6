"""Becomes another program that ends with its parent, or that runs as a user other than root.

It is run as a script by its path, so that it starts in a few milliseconds and needs no package.
Arguments: PARENT SIGNAL USER SEARCH PROGRAM ARGUMENT...; 0 or "" changes nothing.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522


def tie_to(parent: int, signal: int) -> None:
    """Let the kernel send `signal` when the parent ends, also by kill -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent ended first")


def become(user: str, *, search: bool) -> None:
    """Give up root; with `search`, keep only the right to enter closed directories.

    Without the secure bit, access(2) would ignore that right: PostgreSQL's programs look for each
    other by it.
    """
    entry = pwd.getpwnam(user)
    keeps = search and set_secure_bit()
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    if search and not (keeps and any(map(keep, (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)))):
        sys.exit(
            f"user {user} may not enter this directory: move it to one that others may enter, "
            "or run the command as a user who is not root"
        )


def set_secure_bit() -> bool:
    """Let a change of user keep the capabilities; returns whether the kernel allowed it."""
    return bool(ctypes.CDLL(None).prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0)


def keep(capability: int) -> bool:
    libc = ctypes.CDLL(None)
    bits = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(bits, bits, bits, 0, 0, 0)
    if libc.capset(header, sets) != 0:
        return False
    return bool(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)


def main(arguments: list[str]) -> None:
    parent, signal, user, search, *program = arguments
    if user:
        become(user, search=search == "1")
    # Last: a change of user clears the tie.
    if int(signal):
        tie_to(int(parent), int(signal))
    os.execv(program[0], program)  # noqa: S606 - becoming it is the point


if __name__ == "__main__":
    main(sys.argv[1:])
