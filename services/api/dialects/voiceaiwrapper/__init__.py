"""VoiceAIWrapper's API: campaigns of an assistant, OUTBOUND and INBOUND, and their leads."""

from fastapi import FastAPI

from services.api.dialects import facade
from services.api.dialects.voiceaiwrapper import campaigns, leads
from services.api.dialects.voiceaiwrapper.errors import answer


def create() -> FastAPI:
    return facade.create(answer, campaigns.router, leads.router)
