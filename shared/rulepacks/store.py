"""The rule packs in force in a process; an operator may change them while it runs."""

import logging
from pathlib import Path

from shared.rulepacks import loader
from shared.rulepacks.faults import RulePackError
from shared.rulepacks.loader import PackFile, RulePacks
from shared.runtime.metrics import RULE_PACKS_REFUSED

logger = logging.getLogger(__name__)


class RulePackStore:
    """Packs with faults raise an error at the start; later they are refused and the old ones stay.

    `error` describes the faults of the files while older packs are in force.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._files = self._found()
        self.packs: RulePacks = loader.parse(loader.built_in(), self._files)
        self.error: RulePackError | None = None

    def refresh(self) -> bool:
        """Read the operator's files again; True if other rules are in force than before."""
        files = self._found()
        if files == self._files:
            return False
        self._files = files
        try:
            packs = loader.parse(loader.built_in(), files)
        except RulePackError as error:
            self._refuse(error)
            return False
        changed, self.packs, self.error = packs != self.packs, packs, None
        logger.info("rule packs read", extra={"versions": dict(packs.versions)})
        return changed

    def _found(self) -> tuple[PackFile, ...]:
        return loader.found_in(self._directory) if self._directory else ()

    def _refuse(self, error: RulePackError) -> None:
        self.error = error
        RULE_PACKS_REFUSED.inc()
        logger.error(
            "rule packs refused, the ones before stay in force", extra={"faults": str(error)}
        )
