"""A slip of the client is answered with what would be right: path, method, parameter, type."""

from typing import Any

import pytest

from tests.support.api import DEFINITION, Api

NUMBER = "+12025550123"


@pytest.mark.parametrize("path", ["/", "/docs/none", "/v1", "/campaigns", "/v1/campaign"])
async def test_an_unknown_path_is_named_with_the_place_of_all_paths(api: Api, path: str) -> None:
    problem = await api.get(path, status=404)

    assert problem["code"] == "not_found"
    assert f"there is no path {path};" in problem["detail"]
    assert "/openapi.json" in problem["detail"]
    assert (await api.http.get("/openapi.json")).status_code == 200


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/v1/suppression/{NUMBER}", "/v1/suppression/…"),
        ("/v1/number/202-555-0123", "/v1/number/…"),
        ("/v12025550123", "/v1…"),
        ("/v1/contact/17/why", "/v1/contact/…/why"),
        ("/v1/campaign/%0A", "/v1/campaign/"),
        ("/" + "long" * 1000, "/" + "long" * 24 + "lon"),
    ],
)
async def test_an_unknown_path_is_shown_without_numbers(api: Api, path: str, shown: str) -> None:
    problem = await api.get(path, status=404)

    assert f"there is no path {shown};" in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/campaigns", "GET, POST"),
        ("PUT", "/v1/campaigns/1", "GET, PATCH, DELETE"),
        ("GET", "/v1/campaigns/1/start", "POST"),
        ("PATCH", f"/v1/suppressions/{NUMBER}", "DELETE"),
        ("POST", "/openapi.json", "GET"),
        ("PUT", "/v1/suppressions/export", "GET"),
    ],
)
async def test_a_wrong_method_is_answered_with_the_methods_of_the_path(
    api: Api, method: str, path: str, allowed: str
) -> None:
    response = await api.ask(method, path)

    problem = response.json()
    assert (response.status_code, problem["code"]) == (405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) >= set(allowed.split(", "))
    named = f"{method} is not a method of this path; it has {response.headers['Allow']}"
    assert problem["detail"] == named
    assert method not in response.headers["Allow"].split(", ")


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "text/json", ""]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/campaigns"),
        ("PATCH", "/v1/campaigns/{campaign}"),
        ("POST", "/v1/campaigns/{campaign}/contacts"),
        ("POST", "/v1/suppressions"),
    ],
)
async def test_a_body_of_another_type_is_asked_for_as_json(
    api: Api, method: str, path: str, content_type: str
) -> None:
    response = await api.ask(
        method,
        path.format(campaign=await api.campaign()),
        content=b'{"name": "Reminders"}',
        headers={"Content-Type": content_type} if content_type else {},
    )

    assert (response.status_code, response.json()["code"]) == (400, "not_json")
    assert "`Content-Type: application/json`" in response.json()["detail"]


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
)
async def test_any_spelling_of_the_json_type_is_read(api: Api, content_type: str) -> None:
    response = await api.ask(
        "POST", "/v1/campaigns", content=b"[]", headers={"Content-Type": content_type}
    )

    assert (response.status_code, response.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json",
        "text/plain",
    ],
)
@pytest.mark.parametrize(
    "path", ["/v1/campaigns/{campaign}/contacts/import", "/v1/suppressions/import"]
)
async def test_a_file_of_another_type_is_asked_for_as_csv(
    api: Api, path: str, content_type: str
) -> None:
    response = await api.ask(
        "POST",
        path.format(campaign=await api.campaign()),
        content=f"number\n{NUMBER}\n".encode(),
        headers={"Content-Type": content_type},
    )

    assert (response.status_code, response.json()["code"]) == (400, "not_csv")
    assert "`Content-Type: text/csv`" in response.json()["detail"]
    for table in ("contacts", "suppressions"):
        assert await api.pool.fetchval(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize("content_type", ["text/csv; charset=utf-8", "Text/CSV", ""])
async def test_any_spelling_of_the_csv_type_is_read(api: Api, content_type: str) -> None:
    response = await api.ask(
        "POST",
        "/v1/suppressions/import",
        content=f"number\n{NUMBER}\n".encode(),
        headers={"Content-Type": content_type} if content_type else {},
    )

    assert (response.status_code, response.json()["imported"]) == (200, 1)


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/v1/campaigns/abc", "must be a whole number"),
        ("/v1/campaigns/1.5/why", "must be a whole number"),
        ("/v1/contacts/0", "must be 1 or more"),
        (f"/v1/contacts/{2**63}", f"must be {2**63 - 1} or less"),
        ("/v1/attempts/17", "must be a UUID, like 019a8c4e-0000-7000-8000-000000000000"),
        ("/v1/campaigns?limit=many", "must be a whole number"),
        ("/v1/campaigns?limit=1001", "must be 1000 or less"),
        ("/v1/calls?since=yesterday", "must be an instant with its offset from UTC, like"),
    ],
)
async def test_an_id_or_a_parameter_that_cannot_be_is_answered_with_what_would_be_right(
    api: Api, path: str, detail: str
) -> None:
    problem = await api.get(path, status=422)

    (error,) = problem["errors"]
    assert error["detail"].startswith(detail)
    assert error["field"] in ("campaign_id", "contact_id", "attempt_id", "limit", "since")


@pytest.mark.parametrize(
    ("path", "names", "has"),
    [
        ("/v1/campaigns?limt=1", ["limt"], "it has state, name, created_since"),
        ("/v1/campaigns/1?limit=1&x=", ["limit", "x"], "it has none"),
        ("/v1/suppressions?limit=1&region=US&region=DE", ["region"], "campaign_id, limit, cursor"),
    ],
)
async def test_an_unknown_parameter_is_refused_with_the_known_ones(
    api: Api, path: str, names: list[str], has: str
) -> None:
    problem = await api.get(path, status=422)

    assert [error["field"] for error in problem["errors"]] == names
    for error in problem["errors"]:
        assert "pointer" not in error
        assert error["reason"] == "unknown_parameter"
        assert has in error["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/campaigns?dry_run=true", DEFINITION),
        ("POST", "/v1/campaigns/{campaign}/start?force=1", None),
        ("DELETE", "/v1/campaigns/{campaign}?force=1", None),
    ],
)
async def test_a_request_with_an_unknown_parameter_changes_nothing(
    api: Api, method: str, path: str, body: Any
) -> None:
    campaign_id = await api.campaign()

    response = await api.ask(method, path.format(campaign=campaign_id), json=body)

    assert response.status_code == 422
    rows = await api.pool.fetch("SELECT id, wanted_state FROM campaigns")
    assert [tuple(row) for row in rows] == [(campaign_id, "draft")]


async def test_without_a_key_nothing_is_said_about_parameters(api: Api) -> None:
    response = await api.http.get("/v1/campaigns?limt=1")

    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/campaigns/77", "campaign"),
        ("/v1/campaigns/77/why", "campaign"),
        ("/v1/contacts/77", "contact"),
        ("/v1/contacts/77/why", "contact"),
        ("/v1/attempts/019a8c4e-0000-7000-8000-000000000000/why", "attempt"),
    ],
)
async def test_a_missing_object_is_named_by_its_kind_and_the_tenant_of_the_key(
    api: Api, path: str, kind: str
) -> None:
    problem = await api.get(path, status=404)

    assert problem["detail"] == f"the tenant of this API key has no such {kind}"
