"""An upgrade of the tzdata package holds without a restart: each process looks for one."""

import asyncio
import base64
import csv
import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from shared.domain.calendar.tzdata_release import (
    ZoneDataError,
    ZoneRelease,
    installed_package,
    read_release,
)
from shared.domain.calendar.zones import tzdata_version, use_release
from shared.runtime.metrics import ZONE_DATA_REFUSED

logger = logging.getLogger(__name__)

ZONE_WATCH_SECONDS = 5.0

# What an installer replaces in any case: which files, when, how large.
_Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(slots=True)
class ZoneWatch:
    """Puts what is installed in force, once it is whole; until then the old data stay."""

    package: Path = field(default_factory=installed_package)
    _seen: _Stamp = ()

    async def run_once(self, _now: datetime) -> bool:
        try:
            found = await asyncio.to_thread(self._changed)
        except (ZoneDataError, OSError) as error:
            ZONE_DATA_REFUSED.inc()
            logger.warning("zone data not taken", extra={"why": str(error)})
            return False
        before = tzdata_version()
        # Here and not in the thread: between two awaits the answers are of one release.
        if found is not None and use_release(found):
            logger.info("zone data changed", extra={"before": before, "now": found.version})
        return False

    def _changed(self) -> ZoneRelease | None:
        stamp = tuple(_stamps(self.package))
        if stamp == self._seen:
            return None
        found = read_whole_release(self.package)
        self._seen = stamp
        return found


def read_whole_release(package: Path) -> ZoneRelease:
    """The release, if every zone can be loaded and every file is the one that was packed."""
    release = read_release(package)
    _refuse_mixture(package, release)
    for name in release.files:
        try:
            release.load(name)
        except (ValueError, IndexError, OverflowError, struct.error) as error:
            raise ZoneDataError(f"zone {name} is damaged: {error}") from error
    return release


def _refuse_mixture(package: Path, release: ZoneRelease) -> None:
    """By the installer's record, where it keeps one: in an upgrade old and new files are mixed."""
    records = [_hashes(record, package.name) for record in _records(package)]
    found = {f"zoneinfo/{name}": _hash(data) for name, data in release.files.items()}
    found["__init__.py"] = _hash((package / "__init__.py").read_bytes())
    if records and not any(found.items() <= packed.items() for packed in records):
        raise ZoneDataError("the files are not those of one release")


def _hashes(record: Path, package: str) -> dict[str, str]:
    rows = csv.reader(record.read_text("utf-8").splitlines())
    return {row[0].removeprefix(f"{package}/"): row[1] for row in rows if len(row) == 3}


def _hash(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(sha256(data).digest()).decode().rstrip("=")


def _records(package: Path) -> list[Path]:
    return sorted(package.parent.glob(f"{package.name}-*.dist-info/RECORD"))


def _stamps(package: Path) -> Iterator[tuple[str, int, int, int]]:
    for path in (package / "__init__.py", package / "zones", *_records(package)):
        stat = path.stat()
        yield str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size
