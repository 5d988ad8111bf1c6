"""SmartAlex's API: campaigns of an agent, their contacts, callbacks and calls, and webhooks."""

from fastapi import APIRouter, FastAPI

from services.api.dialects import facade
from services.api.dialects.smartalex import calls, campaigns, contacts, webhooks
from services.api.dialects.smartalex.errors import answer
from shared.dialects.smartalex import BASE


def create() -> FastAPI:
    router = APIRouter(prefix=BASE)
    for module in (campaigns, contacts, calls, webhooks):
        router.include_router(module.router)
    return facade.create(answer, router)
