"""Stages the parts of a file and merges each into the contacts, while a thread reads the next."""

from collections import Counter
from dataclasses import dataclass, field

from services.api.http.resources import NO_TENANT, Resources
from services.api.imports import group_ids
from shared.db import calling_groups, locks
from shared.db.api import imports
from shared.db.types import Session
from shared.domain.campaigns import CampaignKey
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.wait_buckets import WaitBucket


@dataclass(slots=True)
class StagedRows:
    """The rows of one transaction. `groups` grows while the file is read.

    Calling groups that nobody has committed are inserted before the first contact, in a transaction
    of their own, or after the last one, once and in their order. So no two imports that bring the
    same new groups wait for each other. From the first row of such a group on, rows wait until the
    end.
    """

    resources: Resources
    conn: Session
    campaign: CampaignKey
    groups: list[CallingGroup]
    inserted: int = 0
    excluded: int = 0
    has_several: bool = False
    waiting: Counter[WaitBucket] = field(default_factory=Counter)
    _ids: list[int] = field(default_factory=list)
    _merged_to: int = 0
    _is_begun: bool = False
    _waits: bool = False

    async def take(self, part: imports.StagedPart) -> None:
        self.resources.quotas.refuse_more_groups(len(self.groups))
        self.has_several = self.has_several or part.has_several
        await imports.stage(self.conn, part.rows)
        if not self._is_begun:
            await self._begin()
        if not self._waits and await self._knows_groups():
            await self._merge(part.last_line)

    def wait(self) -> None:
        """Leave the merge to the end, because nothing of the file may be kept."""
        self._waits = True

    async def finish(self) -> list[int]:
        """Merge the rows that wait; returns the ids of the groups."""
        if not self._is_begun:
            await self._begin()
        self._ids = await group_ids(self.conn, self.campaign, self.groups)
        await self._merge(None)
        return self._ids

    async def _begin(self) -> None:
        """The second connection comes before the lock: others hold one and wait for the lock."""
        self._is_begun = True
        # The thread that reads adds to them meanwhile.
        groups = list(self.groups)
        if groups and not self._waits:
            async with self.resources.pool.transaction(NO_TENANT) as conn:
                known = await calling_groups.find(conn, groups)
                await calling_groups.insert(conn, set(groups) - known.keys())
        await locks.lock_for_import(self.conn, self.campaign.campaign_id)

    async def _knows_groups(self) -> bool:
        new = self.groups[len(self._ids) :]
        if not new:
            return True
        ids = await calling_groups.find(self.conn, new)
        self._waits = len(ids) < len(new)
        if not self._waits:
            await calling_groups.add_to_campaign(self.conn, self.campaign, list(ids.values()))
            self._ids += [ids[group] for group in new]
        return not self._waits

    async def _merge(self, last_line: int | None) -> None:
        merged = await imports.merge(
            self.conn, **self.campaign._asdict(), group_ids=self._ids, after=self._merged_to
        )
        self.inserted += merged.inserted
        self.excluded += merged.excluded
        for bucket, contacts in merged.waiting:
            self.waiting[bucket] += contacts
        self._merged_to = last_line or self._merged_to
