"""A request of each operation that may change something, which its api grants."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from services.api import openapi
from tests.support.api import DEFINITION, Api

NUMBER = "+12025550123"
CALLER_ID = "+12125550100"
FLOW = {"start": "end", "steps": {"end": {"type": "hang_up"}}}
OWN_FLOW = {"name": "f", "flow": FLOW}
OTHER_FLOW = {"start": "bye", "steps": {"bye": {"type": "hang_up"}}}
WHO = {"person": "Dana Reyes, legal", "reason": "All have consented."}
SPEND = {"currency": "USD", "per_day": "500", "call_most": "0.50"} | WHO
RULE = {
    "name": "us-fl.lunch",
    "jurisdiction": "US-FL",
    "says": "Nobody in Florida is called at noon.",
    "source": "Our own policy 12",
    "kinds": ["solicitation"],
    "hours": {"mon-sat": "08:00-12:00, 13:00-20:00"},
}
UNVERIFIED = "us.exempt-hipaa"
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
CALL = {"number": NUMBER, "kind": "informational", "automated": False}
API_KEY = {"name": "CRM", "scopes": ["read"]}
POOL = {"name": "east", "numbers": [CALLER_ID]}
AGENT = {"name": "a", "kind": "squad", "provider_agent_id": "s_1", "trunk": "default"}


@dataclass(frozen=True, slots=True)
class Write:
    method: str
    path: str
    options: dict[str, Any]


async def _made(api: Api, path: str, body: Any) -> str:
    """The address of a new resource, without its version."""
    answer = await api.ask("POST", f"/v1{path}", json=body)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].removeprefix("/v1")


async def _campaign(api: Api, *commands: str) -> str:
    """The address of a campaign with a contact, after these commands."""
    path = f"/campaigns/{await api.campaign()}"
    await api.post(f"/v1{path}/contacts", [{"number": NUMBER}], status=200)
    for command in commands:
        await api.post(f"/v1{path}/{command}", status=202)
    return path


async def _completed(api: Api) -> str:
    """The address of a campaign whose contact was busy, as the scheduler leaves it."""
    path = await _campaign(api, "start")
    await api.pool.execute(
        """
        WITH ended AS (
            UPDATE campaigns SET state = 'completed', started_at = now(), ended_at = now()
            WHERE tenant_id = $1 RETURNING id
        )
        UPDATE contacts SET state = 'finished', outcome = 'busy' FROM ended
        WHERE tenant_id = $1 AND campaign_id = ended.id
        """,
        api.tenant_id,
    )
    return path


async def _operation(api: Api) -> str:
    options = CSV | {"headers": {"Prefer": "respond-async"}}
    path = f"/v1{await _campaign(api)}/contacts/import"
    return (await api.ask("POST", path, **options)).headers["location"].removeprefix("/v1")


async def _contact(api: Api) -> str:
    path = f"/v1{await _campaign(api)}/contacts"
    [contact] = (await api.get(path))["contacts"]
    return f"/contacts/{contact['id']}"


async def _callback(api: Api) -> str:
    path = f"{await _contact(api)}/callback"
    assert (await api.ask("PUT", f"/v1{path}", json={"at": TOMORROW})).status_code == 200
    return path


async def _webhook(api: Api) -> str:
    await api.campaign(webhook={"url": "https://example.com"})
    [webhook] = (await api.get("/v1/webhooks"))["webhooks"]
    return f"/webhooks/{webhook['id']}"


async def _own_number(api: Api) -> str:
    return await _made(api, "/caller-ids", {"number": CALLER_ID})


async def _number_pool(api: Api) -> str:
    await _own_number(api)
    return await _made(api, "/number-pools", POOL)


def _beside_own_number(path: str) -> Callable[[Api], Awaitable[str]]:
    async def made(api: Api) -> str:
        await _own_number(api)
        return path

    return made


async def _blackout(api: Api) -> str:
    made = await api.post("/v1/blackouts", {"reason": "storm"}, status=201)
    return f"/blackouts/{made['id']}"


async def _put(api: Api, path: str, body: Any) -> str:
    assert (await api.ask("PUT", f"/v1{path}", json=body)).status_code == 200
    return path


async def _suppressed(api: Api) -> str:
    await api.post("/v1/suppressions", {"number": NUMBER, "reason": "asked"}, status=201)
    return f"/suppressions/{NUMBER}"


async def _own_rule(api: Api) -> str:
    await api.post("/v1/rules", RULE, status=201)
    return f"/rules/{RULE['name']}"


def _commanded(word: str, *before: str) -> Callable[[Api], Awaitable[str]]:
    async def path(api: Api) -> str:
        return f"{await _campaign(api, *before)}/{word}"

    return path


def _of(make: Callable[[Api], Awaitable[str]], tail: str) -> Callable[[Api], Awaitable[str]]:
    async def path(api: Api) -> str:
        return await make(api) + tail

    return path


def _by_partner(path: str) -> Callable[[Api], Awaitable[str]]:
    async def made(api: Api) -> str:
        await api.pool.execute("UPDATE tenants SET is_partner = true WHERE id = $1", api.tenant_id)
        return path

    return made


def _new(path: str, body: Any) -> Callable[[Api], Awaitable[str]]:
    return partial(_made, path=path, body=body)


def _chosen(path: str, body: Any) -> Callable[[Api], Awaitable[str]]:
    return partial(_put, path=path, body=body)


CSV: dict[str, Any] = {
    "content": b"number\n+12025550124\n",
    "headers": {"Content-Type": "text/csv"},
}
SENDER = {"sender": "+12025550177", "trunk": "default"}
OVERRIDE, TURN_ON = "/rules/us-fl.hours/override", f"/rules/{UNVERIFIED}/turn-on"

# By the name of the operation in openapi.json: its method, its path or what makes it, its body.
_WRITES: dict[str, tuple[str, str | Callable[[Api], Awaitable[str]], Any]] = {
    "create_campaign": ("POST", "/campaigns", DEFINITION),
    "cancel_operation": ("POST", _of(_operation, "/cancel"), None),
    "edit_campaign": ("PATCH", _campaign, {"name": "Others"}),
    "delete_campaign": ("DELETE", _campaign, None),
    "start_campaign": ("POST", _commanded("start"), None),
    "pause_campaign": ("POST", _commanded("pause", "start"), None),
    "resume_campaign": ("POST", _commanded("resume", "start", "pause"), None),
    "cancel_campaign": ("POST", _commanded("cancel", "start"), None),
    "clone_campaign": ("POST", _commanded("clone"), {"contacts": True}),
    "redial_campaign": ("POST", _of(_completed, "/redial"), {"outcomes": ["busy"], "max_total": 1}),
    "reopen_campaign": ("POST", _of(_completed, "/reopen"), None),
    "preflight_campaign": ("POST", _commanded("preflight"), {}),
    "add_contacts": ("POST", _commanded("contacts"), [{"number": "+12025550124"}]),
    "import_contacts": ("POST", _commanded("contacts/import"), CSV),
    "place_call": ("POST", "/calls", CALL),
    "ask_for_callback": ("PUT", _of(_contact, "/callback"), {"at": TOMORROW}),
    "cancel_callback": ("DELETE", _callback, None),
    "edit_contact": ("PATCH", _contact, {"external_id": "A1"}),
    "delete_contact": ("DELETE", _contact, None),
    "set_expiry": ("PUT", _of(_contact, "/expiry"), {"expires_at": TOMORROW}),
    "test_webhook": ("POST", _of(_webhook, "/test"), None),
    "send_again": ("POST", _of(_webhook, "/send-again"), {"event_ids": []}),
    "create_call_flow": ("POST", "/call-flows", {"name": "f", "flow": FLOW}),
    "change_call_flow": ("PATCH", _new("/call-flows", OWN_FLOW), {"flow": OTHER_FLOW}),
    "delete_call_flow": ("DELETE", _new("/call-flows", OWN_FLOW), None),
    "add_caller_id": ("POST", "/caller-ids", {"number": CALLER_ID}),
    "change_caller_id": ("PATCH", _own_number, {"state": "inactive"}),
    "delete_caller_id": ("DELETE", _own_number, None),
    "create_number_pool": ("POST", _beside_own_number("/number-pools"), POOL),
    "change_number_pool": ("PATCH", _number_pool, {"max_calls_per_day": 300}),
    "delete_number_pool": ("DELETE", _number_pool, None),
    "add_agent": ("POST", "/agents", AGENT),
    "change_agent": ("PATCH", _new("/agents", AGENT), {"state": "inactive"}),
    "delete_agent": ("DELETE", _new("/agents", AGENT), None),
    "add_sms_sender": ("POST", "/sms-senders", SENDER),
    "change_sms_sender": ("PATCH", _new("/sms-senders", SENDER), {"state": "inactive"}),
    "delete_sms_sender": ("DELETE", _new("/sms-senders", SENDER), None),
    "erase_person": ("POST", "/erasures", {"number": NUMBER}),
    "suppress_number": ("POST", "/suppressions", {"number": NUMBER, "reason": "asked"}),
    "lift_suppression": ("DELETE", _suppressed, None),
    "import_suppressions": ("POST", "/suppressions/import", CSV),
    "begin_blackout": ("POST", "/blackouts", {"reason": "storm"}),
    "end_blackout": ("DELETE", _blackout, None),
    "add_rule": ("POST", "/rules", RULE),
    "delete_rule": ("DELETE", _own_rule, None),
    "override_rule": ("PUT", OVERRIDE, WHO),
    "end_override": ("DELETE", _chosen(OVERRIDE, WHO), None),
    "turn_rule_on": ("PUT", TURN_ON, WHO),
    "turn_rule_off": ("DELETE", _chosen(TURN_ON, WHO), None),
    "choose_destinations": ("PUT", "/destinations", WHO | {"blocked_countries": ["SO"]}),
    "reset_destinations": ("DELETE", _chosen("/destinations", WHO), None),
    "set_spend_ceiling": ("PUT", "/spend-ceiling", SPEND),
    "create_api_key": ("POST", "/api-keys", API_KEY),
    "rotate_api_key": ("POST", _of(_new("/api-keys", API_KEY), "/rotate"), None),
    "revoke_api_key": ("POST", _of(_new("/api-keys", API_KEY), "/revoke"), None),
    "create_dialect_credentials": ("POST", "/dialect-credentials", {"dialect": "smartalex"}),
    "create_client_tenant": ("POST", _by_partner("/tenants"), {"name": "client"}),
    "remove_spend_ceiling": ("DELETE", _chosen("/spend-ceiling", SPEND), None),
}


# It makes a token for any client, and changes nothing else.
TOKENS = "issue_token"


def operations(*methods: str) -> list[str]:
    """The names of all operations of these methods."""
    return [
        operation["operationId"]
        for path in openapi.document()["paths"].values()
        for method, operation in path.items()
        if method.upper() in methods and operation["operationId"] != TOKENS
    ]


async def a_write(api: Api, name: str) -> Write:
    """A request of the operation; all that it needs is there."""
    method, path, body = _WRITES[name]
    where = path if isinstance(path, str) else await path(api)
    options = body if body is CSV else {} if body is None else {"json": body}
    return Write(method, f"/v1{where}", options)
