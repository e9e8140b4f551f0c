"""One file by itself: whole on a page, or its bytes."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from orchestrator.git.refs import display_path
from orchestrator.views.answers import PageRequest
from review.selectors.file_threads import whole_file_sides
from review.selectors.images import image_bytes
from review.selectors.whole_file import file_bytes, whole_file

# Whatever a browser makes of the bytes, it may not run, load or frame anything.
SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"
IMAGE_KEPT_S = 300


@require_GET
def compare_whole(request: PageRequest, task_id: int) -> HttpResponse:
    query = request.GET
    file = whole_file(
        user=request.user, task_id=task_id, at=query.get("at", ""), path=query.get("path", "")
    )
    context = {"file": file, "comments": whole_file_sides(file), "nav": "tasks"}
    return render(request, "review/whole_file.html", context)


@require_GET
def compare_raw(request: PageRequest, task_id: int) -> HttpResponse:
    """The bytes: as plain text if they are that, else as a download. Never as what they say they are."""
    query = request.GET
    found, data = file_bytes(
        user=request.user, task_id=task_id, at=query.get("at", ""), path=query.get("path", "")
    )
    text = _is_text(data)
    response = HttpResponse(
        data, content_type="text/plain; charset=utf-8" if text else "application/octet-stream"
    )
    name = display_path(found.path).rpartition("/")[2].replace("/", "_")
    disposition = content_disposition_header(not text, name)
    if disposition:
        response["Content-Disposition"] = disposition
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, private=True, max_age=0)
    return response


@require_GET
def compare_image(request: PageRequest, task_id: int) -> HttpResponse:
    """An image, for an <img>. Its type is what its bytes are, whatever its name says; SVG is not among them."""
    query = request.GET
    data, kind = image_bytes(
        user=request.user, task_id=task_id, at=query.get("at", ""), path=query.get("path", "")
    )
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_cache_control(response, private=True, max_age=IMAGE_KEPT_S)
    return response


def _is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
