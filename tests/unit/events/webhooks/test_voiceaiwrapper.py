"""VoiceAIWrapper's events: which posts a public event is."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from services.events.webhooks.renderings import RENDERINGS
from shared.db.events.webhook_calls import EndedRecord, EventCall
from shared.db.events.webhooks import StoredEvent
from shared.dialects.voiceaiwrapper import RENDERING, Kind, global_id
from shared.domain.calls import CallFacts
from shared.domain.campaigns import CampaignState
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.kafka.messages.public import (
    AttemptEnded,
    AttemptEndedData,
    CampaignChanged,
    CampaignChangedData,
    ContactFinished,
    ContactFinishedData,
    PublicEvent,
)

AT = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
ATTEMPT = UUID("018f0000-0000-7000-8000-000000000001")
LEAD = {
    "phone_number": "+12025550123",
    "first_name": "Jane",
    "last_name": None,
    "email": None,
    "custom_fields": {"plan": "gold"},
}
CAMPAIGN = global_id(Kind.CAMPAIGN, 17)


def a_call(outcome: Outcome) -> EventCall:
    record = EndedRecord(
        attempt_id=ATTEMPT,
        caller_id="+12025550100",
        number="+12025550123",
        trunk="default",
        dialing_at=AT,
        ended_at=AT,
        outcome=outcome,
        facts=CallFacts(talk_seconds=12.4),
    )
    return EventCall(
        contact_id=3,
        campaign_caller_id=None,
        number="+12025550123",
        requested_at=None,
        outcome=outcome,
        attributes='{"first_name": "Jane", "plan": "gold"}',
        record=record,
    )


def posts(message: PublicEvent, call: EventCall | None) -> list[dict[str, Any]]:
    payload = message.model_dump_json().encode()
    stored = StoredEvent(id=message.id, type=message.type, payload=payload, call=call)
    rendered = RENDERINGS[RENDERING](stored, ())
    assert len({post.id for post in rendered}) == len(rendered)
    return [orjson.loads(post.body) for post in rendered]


def an_end(outcome: Outcome, *, finished: bool) -> AttemptEnded:
    data = AttemptEndedData(
        tenant_id=1,
        campaign_id=17,
        contact_id=3,
        attempt_id=ATTEMPT,
        attempt_number=2,
        outcome=outcome,
        ended_at=AT,
        contact_finished=finished,
    )
    return AttemptEnded.of(data, at=AT)


@pytest.mark.parametrize(
    ("outcome", "answered_by"),
    [
        (Outcome.ANSWERED_HUMAN, "human"),
        (Outcome.OPT_OUT, "human"),
        (Outcome.MACHINE_NO_MESSAGE, "voicemail"),
        (Outcome.BUSY, None),
    ],
)
def test_a_call_that_ended(outcome: Outcome, answered_by: str | None) -> None:
    (post,) = posts(an_end(outcome, finished=False), a_call(outcome))

    assert post == {
        "event": "call.completed",
        "campaign_id": CAMPAIGN,
        "lead": LEAD,
        "call": {
            "id": ATTEMPT.hex,
            "attempt": 2,
            "outcome": outcome,
            "answered_by": answered_by,
            "started_at": "2026-05-01T12:00:30Z",
            "ended_at": "2026-05-01T12:00:30Z",
            "duration": 12,
            "recording_url": None,
        },
    }


def test_the_last_call_of_a_lead_is_two_posts() -> None:
    _, post = posts(an_end(Outcome.BUSY, finished=True), a_call(Outcome.BUSY))

    assert post == {
        "event": "lead.completed",
        "campaign_id": CAMPAIGN,
        "lead": LEAD,
        "outcome": "busy",
    }


def test_a_lead_that_is_finished_without_a_call() -> None:
    data = ContactFinishedData(
        tenant_id=1,
        campaign_id=17,
        contact_id=3,
        attempts=0,
        reason=Reason.SUPPRESSION,
        finished_at=AT,
    )

    (post,) = posts(ContactFinished.of(data, at=AT), a_call(Outcome.EXCLUDED))

    assert (post["event"], post["outcome"]) == ("lead.completed", "excluded")


def test_a_lead_that_is_not_kept_is_no_post() -> None:
    assert posts(an_end(Outcome.BUSY, finished=True), None) == []


def test_a_campaign_tells_each_status_once() -> None:
    def change(state: CampaignState, before: CampaignState) -> list[dict[str, Any]]:
        data = CampaignChangedData(tenant_id=1, campaign_id=17, state=state, previous_state=before)
        return posts(CampaignChanged.of(data, at=AT), None)

    assert change(CampaignState.RUNNING, CampaignState.SCHEDULED) == []
    assert change(CampaignState.COMPLETED, CampaignState.RUNNING) == [
        {
            "event": "campaign.status_changed",
            "campaign_id": CAMPAIGN,
            "campaign_status": "COMPLETED",
            "previous_status": "ACTIVE",
        }
    ]
