from __future__ import annotations

from review.models.comment import Comment
from review.models.merge import Decision, Merge
from review.models.viewed import ViewedMark

__all__ = ["Comment", "Decision", "Merge", "ViewedMark"]
