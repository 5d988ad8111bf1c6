"""Fetches Apache Kafka's jars once, into a cache that all stacks share.

It is a program of its own (`python -m outdial.stack.kafka_jars`), so that Ctrl-C ends a download.
"""

import fcntl
import json
import os
import sys
from pathlib import Path

from platformdirs import user_cache_path

from outdial.own_directories import own
from outdial.stack.java import find_java

VERSION = "4.3.0"
# Kafka's jars contain no logger; without slf4j-simple it would log nothing.
COORDINATES = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"


def cached_jars() -> list[str]:
    """The paths of all jars; empty if they were not fetched yet."""
    for cache in caches():
        try:
            jars: list[str] = json.loads(_list_file(cache).read_text())
        except OSError:
            continue
        if all(Path(jar).exists() for jar in jars):
            return jars
    return []


def fetch() -> list[str]:
    """Fetch the jars under a lock: processes that wait for it find the work done."""
    cache = next(filter(_is_writable, caches()), None)
    if cache is None:
        raise SystemExit("no cache directory can be written: set OUTDIAL_CACHE_DIR")
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        jars = cached_jars()
        if not jars:
            jars = _resolve(cache)
            whole = _list_file(cache)
            part = whole.with_suffix(".new")
            part.write_text(json.dumps(jars))
            part.rename(whole)
        return jars


def caches() -> list[Path]:
    """The cache of the user, then the Python environment: a user may have no home directory."""
    chosen = os.environ.get("OUTDIAL_CACHE_DIR")
    if chosen:
        return [Path(chosen).expanduser().absolute()]
    users = own(user_cache_path)
    return [*([users] if users else []), Path(sys.prefix, "cache", "outdial")]


def _is_writable(cache: Path) -> bool:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(cache, os.W_OK)


def _list_file(cache: Path) -> Path:
    return cache / f"kafka-{VERSION}-jars.json"


def _resolve(cache: Path) -> list[str]:
    os.environ.setdefault("M2_REPO", str(cache / "maven"))
    # jgo needs a Java only to read its version.
    os.environ["JAVA_HOME"] = str(find_java().parent.parent)
    # It reads its settings in the home directory, and fails if it may not enter that.
    if not os.access(os.path.expanduser("~"), os.X_OK):  # noqa: PTH111 - Path's raises without one
        os.environ["HOME"] = str(cache)
    import jgo  # noqa: PLC0415 - reads the environment when it is imported

    environment = jgo.build(COORDINATES, cache_dir=cache / "jgo")
    # `environment.classpath` leaves out the jars that are modules.
    return sorted(str(jar) for jar in Path(environment.path).rglob("*.jar"))


if __name__ == "__main__":
    sys.exit(0 if fetch() else "no jar was found")
