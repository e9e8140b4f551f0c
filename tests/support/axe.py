"""axe-core in a page: what of WCAG 2.2 AA and of good practice a machine can see to be broken."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.support.npm import MODULES, npm_missing

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# All that depends on which colours there are; everything else is the same in light and dark.
COLOURS = ("color-contrast", "link-in-text-block")

# A cell of the board is one element, a link, because there are thousands. HTML has no cell among the roles for
# links; browsers take it, and a test beside this one hears what it says.
MEANT = {"aria-allowed-role": ".board [role=row] > a"}

_RUN = """
async ([only, meant]) => {
  const { violations } = await axe.run(document, { runOnly: only, resultTypes: ["violations"], elementRef: true });
  return violations.flatMap(({ id, nodes }) => nodes
    .filter(({ element }) => !(meant[id] && element.matches(meant[id])))
    .map(({ target, failureSummary, html }) =>
      `${id}: ${target.join(" ")}: ${failureSummary.split("\\n").slice(1).join(" ").trim()} ${html.slice(0, 160)}`));
}
"""


@cache
def axe_source() -> str:
    script = MODULES / "axe-core/axe.min.js"
    if not script.exists():
        npm_missing("axe-core")
    return script.read_text()


def axe_add(page: Page) -> None:
    """Into the page by the debugger: its content security policy takes no script of others."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(axe_source())


def violations(page: Page, *, rules: Sequence[str] = ()) -> list[str]:
    """One line for each thing that is broken: by these rules, or by all that TAGS name."""
    only: dict[str, Any] = {"type": "tag", "values": list(TAGS)}
    if rules:
        only = {"type": "rule", "values": list(rules)}
    found: list[str] = page.evaluate(_RUN, [only, MEANT])
    return found
