from __future__ import annotations

from django.urls import path, re_path

from review.views import (
    board,
    columns,
    comments,
    compare,
    composing,
    find,
    merge,
    reading,
    whole_file,
)

app_name = "review"

_VARIANT = r"^tasks/(?P<task_id>\d{1,18})/variants/(?P<letter>[A-Z])"
_MERGE = r"^tasks/(?P<task_id>\d{1,18})/merge/(?P<letter>[A-Z])"

urlpatterns = [
    path("tasks/<int:task_id>/board", board.board, name="board"),
    path("tasks/<int:task_id>/board/progress", board.board_progress, name="board_progress"),
    path("tasks/<int:task_id>/consensus", board.consensus, name="consensus"),
    path("tasks/<int:task_id>/consensus/next", board.consensus_next, name="consensus_next"),
    path("tasks/<int:task_id>/compare", compare.compare, name="compare"),
    path("tasks/<int:task_id>/compare/file", compare.compare_file, name="compare_file"),
    path("tasks/<int:task_id>/compare/now", compare.compare_now, name="compare_now"),
    path("tasks/<int:task_id>/compare/sides", compare.compare_sides, name="compare_sides"),
    path("tasks/<int:task_id>/compare/lines", compare.compare_lines, name="compare_lines"),
    path("tasks/<int:task_id>/compare/colours", compare.compare_colours, name="compare_colours"),
    path("tasks/<int:task_id>/compare/reading", reading.reading, name="reading"),
    path("tasks/<int:task_id>/compare/viewed", reading.viewed, name="viewed"),
    path("tasks/<int:task_id>/compare/find", find.compare_find, name="compare_find"),
    path("tasks/<int:task_id>/compare/whole", whole_file.compare_whole, name="compare_whole"),
    path("tasks/<int:task_id>/compare/image", whole_file.compare_image, name="compare_image"),
    path("tasks/<int:task_id>/compare/raw", whole_file.compare_raw, name="compare_raw"),
    path("tasks/<int:task_id>/compare/columns", columns.compare_columns, name="compare_columns"),
    path(
        "tasks/<int:task_id>/compare/columns/rows",
        columns.compare_columns_rows,
        name="compare_columns_rows",
    ),
    path("tasks/<int:task_id>/comments", comments.comments, name="comments"),
    path("tasks/<int:task_id>/comments/threads", comments.comment_threads, name="comment_threads"),
    path("tasks/<int:task_id>/comments/forms", comments.comment_forms, name="comment_forms"),
    path(
        "tasks/<int:task_id>/comments/publish", comments.comments_publish, name="comments_publish"
    ),
    path("tasks/<int:task_id>/comments/send", comments.comments_to_agents, name="comments_send"),
    path("comments/<int:comment_id>", comments.comment, name="comment"),
    path("comments/<int:comment_id>/reply", comments.comment_reply, name="comment_reply"),
    re_path(
        r"^comments/(?P<comment_id>\d{1,18})/(?P<act>edit|delete|publish|apply|resolve|reopen)$",
        comments.comment_act,
        name="comment_act",
    ),
    path("tasks/<int:task_id>/tray", composing.tray, name="tray"),
    path("tasks/<int:task_id>/compose", composing.compose, name="compose"),
    path("tasks/<int:task_id>/compose/preview", composing.preview, name="compose_preview"),
    path("tasks/<int:task_id>/compose/place", composing.place, name="compose_place"),
    re_path(_VARIANT + r"/composition$", composing.composition, name="composition"),
    re_path(_MERGE + r"$", merge.merge, name="merge"),
    re_path(_MERGE + r"/forecast$", merge.merge_forecast, name="merge_forecast"),
    re_path(_VARIANT + r"/diff$", compare.variant_diff, name="variant_diff"),
]
