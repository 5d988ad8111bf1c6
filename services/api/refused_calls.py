"""Whether a single call is refused, and the reasons that its client is given."""

import math
from dataclasses import replace
from datetime import datetime

from services.api import why
from services.api.refusals import InvalidField, Refused
from services.api.why import Judged
from shared.domain.decision.gates import Block
from shared.domain.decision.verdict import decide
from shared.domain.reasons import Reason
from shared.intake.remedies import REMEDIES

# The field of the request without which the call would be allowed.
FIELDS = {
    Reason.MISSING_VARIABLE: "attributes",
    Reason.UNKNOWN_ZONE: "zone",
}
DETAILS = {
    Reason.CONTACT: "the number is excluded",
    Reason.CAMPAIGN: "the campaign that takes these calls is paused",
    Reason.SUPPRESSION: "the number is suppressed",
    Reason.EXPIRY: "not_after is over",
    Reason.BUDGET: "no attempt is left",
    Reason.MISSING_VARIABLE: "variables of the call flow are missing",
    Reason.UNKNOWN_ZONE: "no zone is known of the number; give a zone or a postal code",
    Reason.BLACKOUT: "a black-out forbids calls there",
    Reason.WINDOW: "it is outside the hours of calls",
    Reason.LAW: "a rule of law forbids calls at this hour",
    Reason.WAIT: "the contact waits",
    Reason.TRUNK_DOWN: "the trunk is down",
    Reason.CALLER_ID: "no caller ID can be shown",
    Reason.SPEND_CEILING: "a spend ceiling is reached",
    Reason.CALL_UP: "another call to the number is under way",
    Reason.SILENCE: "a silence after an earlier call holds",
    Reason.FREQUENCY_CAP: "a frequency cap is reached",
}
# They end by themselves or by somebody's hand, but nobody knows when.
ENDS_SOME_TIME = {Reason.CAMPAIGN, Reason.BLACKOUT, Reason.CALLER_ID, Reason.SPEND_CEILING}


def next_at(judged: Judged, *, now: datetime) -> datetime | None:
    """The next instant at which it may be placed, also one that is later than `not_after`."""
    if judged.verdict.allowed:
        return now
    facts = replace(judged.facts, expires_at=None)
    verdict = decide(judged.rules, facts, now=now)
    return why.next_at(replace(judged, facts=facts, verdict=verdict))


def may_be_placed(judged: Judged, allowed_at: datetime | None, until: datetime) -> bool:
    """Whether it may be allowed before `until`, as far as that is known now."""
    if allowed_at is not None:
        return allowed_at < until
    return all(
        block.until is not None or block.reason in ENDS_SOME_TIME for block in judged.verdict.blocks
    )


def refusal(judged: Judged, allowed_at: datetime | None, *, now: datetime) -> Refused:
    blocks = judged.verdict.blocks
    for block in blocks:
        if block.reason is Reason.DESTINATION and judged.contact.refused is not None:
            refused = judged.contact.refused
            return Refused(refused, REMEDIES[refused], field=("number",))
        if block.reason in FIELDS:
            return Refused(block.reason, DETAILS[block.reason], field=(FIELDS[block.reason],))
    return Refused(
        "not_now",
        "the call may not be placed now, or not in time",
        errors=[InvalidField(code=block.reason, detail=_detail(block)) for block in blocks],
        next_at=allowed_at,
        retry_after=None if allowed_at is None else math.ceil((allowed_at - now).total_seconds()),
    )


def _detail(block: Block) -> str:
    if block.rule is None:
        return DETAILS[block.reason]
    return f"{DETAILS[block.reason]}: {block.rule.name}"
