"""Fetches Apache Kafka's jars once, into a cache that all stacks share.

Run as a program of its own (`python -m outdial.stack.kafka_jars`), so that Ctrl-C ends a download.
"""

import fcntl
import json
import os
import sys
from pathlib import Path

from outdial.stack.java import find_java

VERSION = "4.3.0"
# Kafka leaves the choice of a logger to its distribution; without one it says nothing at all.
COORDINATES = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"


def cache_directory() -> Path:
    chosen = os.environ.get("OUTDIAL_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "outdial"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outdial"


def cached_jars() -> list[str]:
    """Every jar by path, or an empty list when they are still to be fetched."""
    try:
        jars: list[str] = json.loads(_list_file().read_text())
    except FileNotFoundError:
        return []
    return jars if all(Path(jar).exists() for jar in jars) else []


def fetch() -> list[str]:
    """By the one process that holds the lock; the others find the work done."""
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        jars = cached_jars()
        if not jars:
            jars = _resolve(cache)
            whole = _list_file()
            part = whole.with_suffix(".new")
            part.write_text(json.dumps(jars))
            part.rename(whole)
        return jars


def _list_file() -> Path:
    return cache_directory() / f"kafka-{VERSION}-jars.json"


def _resolve(cache: Path) -> list[str]:
    os.environ.setdefault("M2_REPO", str(cache / "maven"))
    # jgo looks for a Java of its own accord, only to learn its version.
    os.environ["JAVA_HOME"] = str(find_java().parent.parent)
    import jgo  # noqa: PLC0415 - reads the environment when it is imported

    environment = jgo.build(COORDINATES, cache_dir=cache / "jgo")
    # The class path that it names leaves out the jars which it takes for modules.
    return sorted(str(jar) for jar in Path(environment.path).rglob("*.jar"))


if __name__ == "__main__":
    sys.exit(0 if fetch() else "no jar was found")
