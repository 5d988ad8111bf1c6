"""A campaign may use a trunk without grants or one granted to its tenant, and no other."""

from pydantic import SecretStr

from shared.db import trunks
from tests.support.api import DEFINITION, Api, a_tenant


async def test_a_trunk_is_for_every_tenant_or_for_those_with_a_grant(api: Api) -> None:
    other, _ = await a_tenant(api.pool, "other")
    for name, tenant_id in (("mine", api.tenant_id), ("theirs", other)):
        await trunks.upsert(
            api.pool, name=name, provider="null", settings={}, granted_to=[tenant_id]
        )

    await api.post("/v1/campaigns", DEFINITION | {"trunk": "default"}, status=201)
    await api.post("/v1/campaigns", DEFINITION | {"trunk": "mine"}, status=201)
    theirs = await api.post("/v1/campaigns", DEFINITION | {"trunk": "theirs"}, status=422)
    nobodys = await api.post("/v1/campaigns", DEFINITION | {"trunk": "nobodys"}, status=422)

    assert theirs["errors"] == nobodys["errors"]


async def test_a_grant_that_is_not_named_again_ends(api: Api) -> None:
    await trunks.upsert(
        api.pool, name="mine", provider="null", settings={}, granted_to=[api.tenant_id]
    )
    await trunks.upsert(api.pool, name="mine", provider="null", settings={}, granted_to=[])

    await api.post("/v1/campaigns", DEFINITION | {"trunk": "mine"}, status=422)


async def test_a_secret_is_kept_changed_and_taken_away(api: Api) -> None:
    async def keep(text: str) -> str:
        trunk_id = await trunks.upsert(
            api.pool, name="own", provider="null", settings={}, secret=SecretStr(text)
        )
        trunk = await trunks.find(api.pool, trunk_id)
        assert trunk is not None
        return trunk.secret.get_secret_value()

    assert [await keep(text) for text in ("one", "two", "")] == ["one", "two", ""]
