"""Queues the text messages that follow an outcome, or that a call flow sends at one of its steps.

A batch whose campaigns send none costs a look at each campaign's policy, and no query.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.events.transitions import Decision
from shared.db.events import sms_messages
from shared.db.events.call_records import CorrectedRecord
from shared.db.events.sms_messages import WantedSms
from shared.db.policies import Policies
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.attempts import CallReference
from shared.domain.campaigns import CampaignKey
from shared.domain.contacts import ContactState
from shared.kafka.messages.public import SmsEnded

Current = Mapping[CampaignKey, CampaignPolicy]


class Reached(NamedTuple):
    """A call, and steps of its flow that it has reached."""

    reference: CallReference
    campaign: CampaignKey
    contact_id: int
    stages: tuple[str, ...]


async def queue(
    conn: Connection,
    policies: Policies,
    applied: Sequence[Decision],
    corrected: Sequence[CorrectedRecord],
    *,
    current: Current,
    now: datetime,
) -> list[SmsEnded]:
    """Returns the events of messages that cannot be sent.

    `current` are the policies of the campaigns in `applied`.

    Only a provider that asks for a call flow page by page tells of the steps before the end, so
    only then are policies read here.
    """
    told = [record for record in corrected if record.new_stages]
    missing = {record.campaign for record in told} - current.keys()
    if missing:
        current = {**current, **await policies.current(conn, missing)}
    if not any(policy.sms for policy in current.values()):
        return []
    wanted = [*_after_outcomes(applied, current), *_of_steps(_reached(applied, told), current)]
    return await sms_messages.queue(conn, wanted, now=now) if wanted else []


def _after_outcomes(applied: Iterable[Decision], current: Current) -> Iterator[WantedSms]:
    for decision in applied:
        facts, outcome = decision.facts, decision.end.outcome
        policy = current[facts.campaign]
        sms = policy.sms
        if outcome is None or sms is None or sms.text is None:
            continue
        is_last = decision.next.state is ContactState.FINISHED
        if sms.reacts(outcome, attempt_number=facts.number, is_last=is_last):
            yield WantedSms(
                reference=facts.reference,
                campaign=facts.campaign,
                contact_id=facts.contact_id,
                step="",
                text=sms.text,
                variables=sms.variables,
                campaign_name=policy.definition.name,
                policy=sms,
            )


def _reached(applied: Iterable[Decision], told: Iterable[CorrectedRecord]) -> Iterator[Reached]:
    """The calls of which steps are told now, each step once: its message may be deleted by now."""
    for record in told:
        yield Reached(record.reference, record.campaign, record.contact_id, record.new_stages)
    for decision in applied:
        if decision.told.stages:
            facts = decision.facts
            yield Reached(facts.reference, facts.campaign, facts.contact_id, decision.told.stages)


def _of_steps(reached: Iterable[Reached], current: Current) -> Iterator[WantedSms]:
    for call in reached:
        policy = current.get(call.campaign)
        if policy is None or policy.sms is None or policy.flow is None:
            continue
        for step in policy.sms_steps.keys() & call.stages:
            yield WantedSms(
                reference=call.reference,
                campaign=call.campaign,
                contact_id=call.contact_id,
                step=step,
                text=policy.sms_steps[step],
                variables=policy.flow.variables,
                campaign_name=policy.definition.name,
                policy=policy.sms,
            )
