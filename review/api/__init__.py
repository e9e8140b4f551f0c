"""The JSON API of this app: one router a module, put together here."""

from __future__ import annotations

from ninja import Router

from review.api import comments, compare, composing, merges

router = Router()
for part in (comments, compare, composing, merges):
    router.add_router("", part.router)
