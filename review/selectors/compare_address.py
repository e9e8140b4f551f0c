"""What the address of a comparison says; every link of the page is one of these, changed a little."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.lib.errors import Invalid
from review.diff.rows import View
from review.selectors.file_diffs import WHITESPACE
from review.selectors.sides import BASE

CONTEXT_LINES = 3
ALL = "all"
_WHOLE_FILE = 10_000_000


@dataclass(frozen=True, slots=True)
class Address:
    task_id: int
    left: str = BASE
    right: str = ""
    path: str = ""
    view: View = "split"
    whitespace: str = "none"
    context: str = ""
    show: bool = False
    rendered: bool = False  # as it reads, where there is such a form

    @property
    def query(self) -> dict[str, str]:
        said = {
            "left": self.left,
            "right": self.right,
            "path": self.path,
            "view": self.view,
            "w": self.whitespace if self.whitespace != "none" else "",
            "context": self.context,
            "show": "1" if self.show else "",
            "rendered": "1" if self.rendered else "",
        }
        return {name: value for name, value in said.items() if value}

    def url(self, name: str = "compare", **changes: object) -> str:
        at = replace(self, **changes) if changes else self  # type: ignore[arg-type]
        return f"{reverse(f'review:{name}', args=[at.task_id])}?{urlencode(at.query)}"

    @property
    def context_lines(self) -> int:
        return _WHOLE_FILE if self.context == ALL else int(self.context or CONTEXT_LINES)


def address_check(address: Address) -> Address:
    """Refuse what no link of the product would say."""
    if address.view not in ("split", "unified"):
        raise Invalid("view.invalid", "view is split or unified.")
    if address.whitespace not in WHITESPACE:
        raise Invalid("whitespace.invalid", f"w is one of {', '.join(WHITESPACE)}.")
    known = address.context in ("", ALL) or (
        address.context.isascii() and address.context.isdigit()
    )
    if not known or len(address.context) > 6:
        raise Invalid("context.invalid", "context is a number of lines, or all.")
    return address
