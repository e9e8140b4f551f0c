from __future__ import annotations

from review.models.comment import Comment
from review.models.composition import Composition, Tray
from review.models.merge import Decision, Merge
from review.models.viewed import ViewedMark

__all__ = ["Comment", "Composition", "Decision", "Merge", "Tray", "ViewedMark"]
