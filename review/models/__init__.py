from __future__ import annotations

from review.models.merge import Decision, Merge

__all__ = ["Decision", "Merge"]
