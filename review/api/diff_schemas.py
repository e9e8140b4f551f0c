"""What a diff looks like in JSON. Optional fields are left out where there is nothing to say."""

from __future__ import annotations

from ninja import Schema
from pydantic import BaseModel, Field


class MovedOut(BaseModel):
    block: int = Field(description="Counts the moved blocks of the file from 1.")
    line: int = Field(description="Where the line is on the other side.")
    count: int = Field(description="Lines of the block.")


class LineOut(BaseModel):
    n: int = Field(description="From 1.")
    text: str = Field(description="Without its \\n.")
    changed: list[tuple[int, int]] = Field(
        [], description="The spans (characters from, to) that its counterpart lacks."
    )
    newline: bool = Field(True, description="false: the file ends here, without one.")
    moved: MovedOut | None = Field(
        None, description="It is part of a block that is at another place on the other side."
    )
    reindented: bool = Field(
        False, description="true: it differs from its counterpart in its indentation only."
    )


class ChunkOut(BaseModel):
    kind: str = Field(description="equal, insert, delete or replace.")
    left: list[LineOut]
    right: list[LineOut]
    change: int | None = Field(None, description="Counts the changes of the file from 1.")
    key: str | None = Field(None, description="Names the change by what it does, to pick it by.")


class DiffOut(Schema):
    path: str
    old_path: str | None = Field(
        None, description="What it was called, or what it was copied from; null if neither."
    )
    status: str = Field("", description="As in `compare`.")
    kind: str = Field(
        description="text, binary, image, symlink, submodule, too_large, empty or same."
    )
    language: str = ""
    notes: list[str] = Field(description="What the lines do not show, in plain sentences.")
    insertions: int = 0
    deletions: int = 0
    chunks: list[ChunkOut]
