"""The compare page as rows to print: what is compared, the tree of files, the file in view."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

from orchestrator.git.diffs import FileChange
from orchestrator.git.refs import display_path
from orchestrator.selectors.tasks import merge_problem, merge_shut
from review.diff.rows import View
from review.selectors.columns_address import ColumnsAddress
from review.selectors.compare import (
    Comparison,
    by_folder,
    file_exists,
    lines_changed,
    path_text,
)
from review.selectors.compare_address import ALL, Address
from review.selectors.compare_choices import Choice, SidePicker, side_picker, space_choices
from review.selectors.file_diffs import FileBody, file_body, is_renamed
from review.selectors.file_tree import TreeFolder, path_split, status_word, tree_of_changes
from review.selectors.images import ImagePair, image_pair
from review.selectors.rendered import Rendered, rendered_read, renders
from review.selectors.whole_file import whole_url

ABSENT = "on neither side"


@dataclass(frozen=True, slots=True)
class AloneLink:
    """The file by itself, as one side has it."""

    name: str
    letter: str
    at: str
    whole: str
    raw: str


@dataclass(frozen=True, slots=True)
class FilePane:
    """The file in view. `body` is None where both sides have the same file, or neither has it."""

    path: str
    folder: str
    name: str
    status: str
    was: str  # the name it had, or that of what it was copied from
    change: FileChange | None
    body: FileBody | None
    view: View
    all_lines: bool
    position: int
    total: int
    here: str
    previous: str
    next: str
    show: str
    show_fields: tuple[tuple[str, str], ...]  # the same address as fields of a form
    expand: str
    lines: str
    colours: str
    alone: tuple[AloneLink, ...]
    images: ImagePair | None
    render: str  # the other form of a file that can be rendered; "" for all others
    rendered: Rendered | None


@dataclass(frozen=True, slots=True)
class ComparePage:
    comparison: Comparison
    address: Address
    pickers: tuple[SidePicker, SidePicker]
    spaces: tuple[Choice, ...]
    folders: tuple[TreeFolder, ...]
    pane: FilePane | None
    insertions: int
    deletions: int
    only_left: int
    only_right: int
    mergeable: tuple[str, ...]  # the sides that can be merged as they are
    merge_says: str  # why the right one cannot; empty if it can
    swap: str
    split: str
    unified: str
    columns: str
    find: str
    find_fields: tuple[tuple[str, str], ...]


def compare_page(comparison: Comparison, address: Address) -> ComparePage:
    address = replace(address, left=comparison.left.ref, right=comparison.right.ref)
    pane = file_pane(comparison, address)
    if pane and not address.path:
        address = replace(address, path=pane.path)
    # What was asked for this file of these sides only is not carried to others.
    plain = replace(address, show=False, context="")
    files = comparison.files
    insertions, deletions = lines_changed(files)
    return ComparePage(
        comparison=comparison,
        address=address,
        pickers=(side_picker(comparison, plain, "left"), side_picker(comparison, plain, "right")),
        spaces=space_choices(address),
        folders=tree_of_changes(files, plain, between=comparison.peers),
        pane=pane,
        insertions=insertions,
        deletions=deletions,
        only_left=sum(change.status == "D" for change in files),
        only_right=sum(change.status in "AC" for change in files),
        mergeable=_mergeable(comparison),
        merge_says=_merge_says(comparison),
        swap=address.url(left=address.right, right=address.left),
        split=address.url(view="split"),
        unified=address.url(view="unified"),
        columns=ColumnsAddress(address.task_id, address.path, whitespace=address.whitespace).url(),
        find=plain.url("compare_find", path=""),
        find_fields=tuple(replace(plain, path="").query.items()),
    )


def _mergeable(comparison: Comparison) -> tuple[str, ...]:
    variants = {variant.letter: variant for variant in comparison.variants}
    newest = [side.letter for side in (comparison.left, comparison.right) if not side.at]
    return tuple(
        letter
        for letter in dict.fromkeys(newest)
        if letter and not merge_problem(variants[letter], task=comparison.task)
    )


def _merge_says(comparison: Comparison) -> str:
    task, side = comparison.task, comparison.right
    if side.letter and not side.at:
        variant = next(one for one in comparison.variants if one.letter == side.letter)
        return merge_problem(variant, task=task)
    return merge_shut(task.resolution) or _NO_VARIANT


_NO_VARIANT = (
    "The right side of this comparison is no variant’s newest state: there is nothing to merge."
)


def file_pane(comparison: Comparison, address: Address) -> FilePane | None:
    """The file that the address names, else the first one; None where nothing differs."""
    address = replace(address, left=comparison.left.ref, right=comparison.right.ref)
    files = comparison.files
    change = comparison.file(address.path) if address.path else next(iter(files), None)
    if change is None and not address.path:
        return None
    path = path_text(change.path) if change else address.path
    # A file that does not differ has its neighbours as well: those of its place in the tree.
    at = (
        files.index(change)
        if change
        else bisect_left(files, by_folder(path), key=lambda c: by_folder(c.path))
    )
    after = at + 1 if change else at
    here = replace(address, path=path)
    other = replace(here, show=False, context="")
    folder, name = path_split(change.path if change else path)
    if change:
        status = status_word(change, comparison.peers)
    elif file_exists(comparison, path):
        status = "same"
    else:
        status = ABSENT
    body = pane_body(comparison, here, change) if change else None
    can_render = change is not None and renders(change.path) and not change.binary
    return FilePane(
        path=path,
        folder=display_path(folder),
        name=display_path(name),
        status=status,
        was=display_path(change.old_path) if change and is_renamed(change) else "",
        change=change,
        body=body,
        view=address.view,
        all_lines=address.context == ALL,
        position=at + 1 if change else 0,
        total=len(files),
        here=here.url(),
        previous=other.url(path=path_text(files[at - 1].path)) if at > 0 else "",
        next=other.url(path=path_text(files[after].path)) if after < len(files) else "",
        show=here.url(show=True),
        show_fields=tuple(replace(here, show=True).query.items()),
        expand=here.url(context="" if address.context == ALL else ALL),
        lines=here.url("compare_lines", show=False, context=""),
        colours=here.url("compare_colours", show=False, context="", view="split"),
        alone=() if status == ABSENT else _alone(comparison, change, path),
        images=image_pair(comparison, change) if body and change and body.kind == "image" else None,
        render=here.url(rendered=not here.rendered) if can_render else "",
        rendered=rendered_read(comparison, change)
        if can_render and change and here.rendered
        else None,
    )


def _alone(comparison: Comparison, change: FileChange | None, path: str) -> tuple[AloneLink, ...]:
    has = [
        (comparison.left, path_text(change.old_path) if change else path, "A"),
        (comparison.right, path, "D"),
    ]
    task_id = comparison.task.pk
    return tuple(
        AloneLink(
            side.name,
            side.letter,
            side.at,
            whole_url(task_id, side.ref, name),
            whole_url(task_id, side.ref, name, "compare_raw"),
        )
        for side, name, absent in has
        if change is None or change.status != absent
    )


def pane_body(comparison: Comparison, address: Address, change: FileChange) -> FileBody:
    return file_body(
        hub=comparison.hub,
        change=change,
        view=address.view,
        context=address.context_lines,
        whitespace=address.whitespace,
        shown=address.show,
        old_and_new=not comparison.between_variants,
    )
