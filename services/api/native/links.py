"""The links of the OpenAPI document: the answers that name a resource, and all operations on it."""

from typing import Any

# The operation and the status of an answer, the path of the resource, and where its name stands.
NAMED = (
    ("create_campaign", "201", "/v1/campaigns/{campaign_id}", "/id"),
    ("clone_campaign", "201", "/v1/campaigns/{campaign_id}", "/id"),
    ("redial_campaign", "201", "/v1/campaigns/{campaign_id}", "/id"),
    ("create_call_flow", "201", "/v1/call-flows/{call_flow_id}", "/id"),
    ("add_caller_id", "201", "/v1/caller-ids/{number}", "/number"),
    ("create_number_pool", "201", "/v1/number-pools/{number_pool_id}", "/id"),
    ("add_agent", "201", "/v1/agents/{agent_id}", "/id"),
    ("add_contacts", "200", "/v1/contacts/{contact_id}", "/results/0/id"),
    ("list_contacts", "200", "/v1/contacts/{contact_id}", "/contacts/0/id"),
    ("import_contacts", "202", "/v1/operations/{operation_id}", "/id"),
    ("list_attempts", "200", "/v1/attempts/{attempt_id}", "/attempts/0/id"),
    ("list_calls", "200", "/v1/calls/{attempt_id}", "/calls/0/attempt_id"),
    ("list_webhooks", "200", "/v1/webhooks/{webhook_id}", "/webhooks/0/id"),
    ("add_sms_sender", "201", "/v1/sms-senders/{sms_sender_id}", "/id"),
    ("suppress_number", "201", "/v1/suppressions/{number}", "/number"),
    ("begin_blackout", "201", "/v1/blackouts/{blackout_id}", "/id"),
    ("add_rule", "201", "/v1/rules/{name}", "/name"),
    ("list_rules", "200", "/v1/rules/{name}", "/rules/0/name"),
    ("create_client_tenant", "201", "/v1/tenants/{tenant_id}", "/id"),
    ("create_api_key", "201", "/v1/api-keys/{api_key_id}", "/id"),
)


def add(document: dict[str, Any]) -> None:
    operations = {
        operation["operationId"]: (path, operation)
        for path, methods in document["paths"].items()
        for operation in methods.values()
    }
    for name, status, resource, pointer in NAMED:
        (parameter,) = _parameters(resource)
        operations[name][1]["responses"][status]["links"] = {
            target: {
                "operationId": target,
                "parameters": {parameter: f"$response.body#{pointer}"},
            }
            for target, (path, _) in operations.items()
            if path.startswith(resource) and _parameters(path) == [parameter]
        }


def _parameters(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]
