"""The JSON API, put together: the only place that knows both apps' routers."""

from __future__ import annotations

from orchestrator.api import router as orchestrator_router
from orchestrator.lib.api import api_build
from orchestrator.services.access import token_user
from review.api import router as review_router

api = api_build(title="Bakeoff", version="1", token_user=lambda token: token_user(token=token))
api.add_router("", orchestrator_router)
api.add_router("", review_router)
