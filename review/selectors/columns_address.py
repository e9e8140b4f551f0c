"""What the address of a file in columns says; every link of that page is one of these, changed a little."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.lib.errors import Invalid
from review.selectors.file_diffs import WHITESPACE

COLUMNS_MAX = 26  # as many as there are letters


@dataclass(frozen=True, slots=True)
class ColumnsAddress:
    task_id: int
    path: str = ""
    of: str = ""  # the columns: `base,A,D`; without it those who changed the file
    context: str = ""
    whitespace: str = "none"
    kept: str = ""  # without `of`: what an older state of the page shows. No link says it

    @property
    def refs(self) -> list[str]:
        said = (part.strip() for part in (self.of or self.kept).split(",") if part.strip())
        return list(dict.fromkeys(ref.upper() if len(ref) == 1 else ref for ref in said))

    def url(self, name: str = "compare_columns", **changes: str) -> str:
        at = replace(self, **changes) if changes else self  # type: ignore[arg-type]
        said = {
            "path": at.path,
            "of": at.of,
            "context": at.context,
            "w": at.whitespace if at.whitespace != "none" else "",
        }
        query = urlencode({key: value for key, value in said.items() if value})
        return f"{reverse(f'review:{name}', args=[at.task_id])}?{query}"


def columns_address_check(address: ColumnsAddress) -> ColumnsAddress:
    """Refuse what no link of the product would say."""
    if address.whitespace not in WHITESPACE:
        raise Invalid("whitespace.invalid", f"w is one of {', '.join(WHITESPACE)}.")
    if (address.of or address.kept) and not 1 <= len(address.refs) <= COLUMNS_MAX + 1:
        raise Invalid("columns.invalid", f"of is a list of 1 to {COLUMNS_MAX} sides: base,A,D.")
    return address
