"""What a reader asks of the board, and the addresses that ask for something else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from urllib.parse import urlencode

from django.urls import reverse

from review.matrix import Show, Sort

FILTER_MAX = 200
FLIPS_MAX = 400


@dataclass(frozen=True, slots=True)
class Ask:
    """What the reader asked to see; every link of the board is one of these, changed a little.

    `flip` are folders that are not as `fold` (all open, or all closed) has them. `order` names an
    order that the page shows already, so that an update moves nothing. `letters` are the columns, if
    they are not by letter.
    """

    task_id: int
    text: str = ""
    show: Show = Show.ALL
    sort: Sort = Sort.DISPUTED
    fold: bool = False
    flip: frozenset[str] = frozenset()
    page: int = 1
    order: str = ""
    letters: str = ""

    @property
    def query(self) -> str:
        pairs = {
            "q": self.text,
            "show": self.show if self.show is not Show.ALL else "",
            "sort": self.sort if self.sort is not Sort.DISPUTED else "",
            "fold": "1" if self.fold else "",
            "flip": ",".join(sorted(self.flip)),
            "page": self.page if self.page > 1 else "",
            "order": self.order,
            "letters": self.letters,
        }
        return urlencode({name: value for name, value in pairs.items() if value})

    def url(self, **changes: object) -> str:
        at = replace(self, **changes) if changes else self  # type: ignore[arg-type]
        return f"{reverse('review:board', args=[at.task_id])}?{at.query}".rstrip("?")

    def is_open(self, key: str) -> bool:
        return (key in self.flip) == self.fold

    def flipped(self, key: str) -> str:
        return self.url(flip=self.flip ^ {key}, page=1)


def folder_key(folder: str) -> str:
    return blake2b(folder.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
