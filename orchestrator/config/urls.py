from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from orchestrator.config.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("orchestrator.urls")),
    path("", include("review.urls")),
]
