"""Wavix's API: one POST is one call, now; its result is read as a call detail record."""

from fastapi import FastAPI

from services.api.dialects import facade
from services.api.dialects.wavix import cdrs, voice_campaigns, webhooks
from services.api.dialects.wavix.errors import answer


def create() -> FastAPI:
    return facade.create(answer, voice_campaigns.router, cdrs.router, webhooks.router)
