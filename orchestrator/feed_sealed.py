"""What the feed keeps in Django's default storage: sealed feeds, and very long events whole.

A sealed feed is JSON lines in a row of gzip members, so any gzip reads it whole and we can begin at
a member. Where which event stands is found out once per process and kept in memory.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import threading
import zlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

MEMBER_BYTES = 256 * 1024  # of JSON lines in one gzip member
_READ_BYTES = 256 * 1024
_INDEXES_KEPT = 256


@dataclass(frozen=True, slots=True)
class Member:
    first_seq: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Index:
    members: tuple[Member, ...]
    last_seq: int


_indexes: OrderedDict[str, Index] = OrderedDict()
_indexes_lock = threading.Lock()


def feed_name(run_id: str) -> str:
    return f"feeds/{run_id}.jsonl.gz"


def _event_name(run_id: str, seq: int) -> str:
    return f"feeds/{run_id}/{seq}.json.gz"


def exists(run_id: str) -> bool:
    return default_storage.exists(feed_name(run_id))


def write(run_id: str, lines: Iterable[bytes]) -> None:
    """Store the lines (events 1, 2, 3 …) as the sealed feed of the Run."""
    with tempfile.TemporaryFile() as packed:
        block = bytearray()
        for line in lines:
            block += line + b"\n"
            if len(block) >= MEMBER_BYTES:
                packed.write(gzip.compress(block, compresslevel=6, mtime=0))
                block.clear()
        packed.write(gzip.compress(block, compresslevel=6, mtime=0))
        packed.seek(0)
        _store(feed_name(run_id), packed)


def read(run_id: str, *, after: int, limit: int, limit_bytes: int) -> tuple[list[bytes], int]:
    """The lines of the events after `after`, and the number of the Run's last event.

    Raises FileNotFoundError if the feed is not sealed.
    """
    with default_storage.open(feed_name(run_id), "rb") as packed:
        index = _index(run_id, packed)
        lines: list[bytes] = []
        size = 0
        if after >= index.last_seq:
            return lines, index.last_seq
        at = bisect_right(index.members, after + 1, key=lambda member: member.first_seq) - 1
        for member in index.members[at:]:
            packed.seek(member.offset)
            block = gzip.decompress(packed.read(member.length))
            for seq, line in enumerate(block.splitlines(), start=member.first_seq):
                if seq <= after:
                    continue
                lines.append(line)
                size += len(line)
                if len(lines) >= limit or size >= limit_bytes:
                    return lines, index.last_seq
        return lines, index.last_seq


def last_seq(run_id: str) -> int:
    with default_storage.open(feed_name(run_id), "rb") as packed:
        return _index(run_id, packed).last_seq


def event_write(run_id: str, seq: int, payload: dict[str, Any]) -> None:
    """Keep one event whole, beside the cut one in the stream."""
    name = _event_name(run_id, seq)
    if not default_storage.exists(name):
        _store(name, ContentFile(gzip.compress(json.dumps(payload).encode(), 6, mtime=0)))


def event_read(run_id: str, seq: int) -> dict[str, Any] | None:
    try:
        with default_storage.open(_event_name(run_id, seq), "rb") as packed:
            payload: dict[str, Any] = json.loads(gzip.decompress(packed.read()))
            return payload
    except FileNotFoundError:
        return None


def _store(name: str, content: IO[bytes] | File[bytes]) -> None:
    """Save under `name`, whole or not at all."""
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:  # an object store: an object appears when it is complete
        default_storage.delete(name)
        default_storage.save(name, File(content))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            while chunk := content.read(_READ_BYTES):
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise


def _index(run_id: str, packed: IO[bytes] | File[bytes]) -> Index:
    with _indexes_lock:
        index = _indexes.get(run_id)
        if index is not None:
            _indexes.move_to_end(run_id)
            return index
    index = _index_make(packed)
    with _indexes_lock:
        _indexes[run_id] = index
        while len(_indexes) > _INDEXES_KEPT:
            _indexes.popitem(last=False)
    return index


def _index_make(packed: IO[bytes] | File[bytes]) -> Index:
    """Find the members by unpacking all of it once."""
    packed.seek(0)
    members: list[Member] = []
    seq, offset = 1, 0
    data = packed.read(_READ_BYTES)
    while data:
        lines, length, data = _member_scan(packed, data)
        if lines:
            members.append(Member(first_seq=seq, offset=offset, length=length))
        seq += lines
        offset += length
    return Index(members=tuple(members), last_seq=seq - 1)


def _member_scan(packed: IO[bytes] | File[bytes], data: bytes) -> tuple[int, int, bytes]:
    """Lines and length of the member that `data` begins with, and what was read beyond it."""
    unpack = zlib.decompressobj(wbits=31)
    lines = length = 0
    while data and not unpack.eof:
        lines += unpack.decompress(data).count(b"\n")
        length += len(data) - len(unpack.unused_data)
        data = unpack.unused_data or packed.read(_READ_BYTES)
    return lines, length, data
