from __future__ import annotations

from django.urls import path, re_path

from orchestrator.views import agents, home, login, projects, tasks, variants

_VARIANT = r"^tasks/(?P<task_id>\d{1,18})/variants/(?P<letter>[A-Z])"

urlpatterns = [
    path("", home.home, name="home"),
    path("working", home.working, name="working"),
    path("login", login.login_view, name="login"),
    path("logout", login.logout_view, name="logout"),
    path("jump", home.jump, name="jump"),
    path("slots", home.slots, name="slots"),
    path("keys", home.keys, name="help"),
    path("activity", home.activity, name="activity"),
    path("projects", projects.project_list, name="projects"),
    path("projects/new", projects.project_new, name="project_new"),
    path("projects/branches", projects.project_branches, name="project_branches"),
    path("projects/<int:project_id>", projects.project, name="project"),
    path("projects/<int:project_id>/state", projects.project_state, name="project_state"),
    path("projects/<int:project_id>/refresh", projects.project_refresh, name="project_refresh"),
    path("projects/<int:project_id>/correct", projects.project_correct, name="project_correct"),
    path("projects/<int:project_id>/remove", projects.project_remove, name="project_remove"),
    path("agents", agents.agent_list, name="agents"),
    path("agents/problems", agents.agent_problems, name="agent_problems"),
    path("agents/new", agents.agent_new, name="agent_new"),
    path("agents/<int:agent_id>", agents.agent_edit, name="agent_edit"),
    path("agents/<int:agent_id>/try", agents.agent_state, name="agent_try"),
    path("agents/<int:agent_id>/try/start", agents.agent_try_start, name="agent_try_start"),
    path("agents/<int:agent_id>/remove", agents.agent_remove, name="agent_remove"),
    path("tasks", tasks.task_list, name="tasks"),
    path("tasks/new", tasks.task_new, name="task_new"),
    path("tasks/new/preview", tasks.spec_preview, name="spec_preview"),
    path("tasks/<int:task_id>", tasks.task, name="task"),
    path("tasks/<int:task_id>/tabs", tasks.task_tabs, name="task_tabs"),
    path("tasks/<int:task_id>/charts", tasks.task_charts, name="task_charts"),
    path("tasks/<int:task_id>/stop", tasks.task_stop, name="task_stop"),
    path("tasks/<int:task_id>/close", tasks.task_close, name="task_close"),
    re_path(_VARIANT + r"$", variants.variant, name="variant"),
    re_path(
        _VARIANT + r"/(?P<part>head|pane|ask|send|runs|previewbar)$",
        variants.variant_part,
        name="variant_part",
    ),
    re_path(_VARIANT + r"/stop$", variants.variant_stop, name="variant_stop"),
    re_path(_VARIANT + r"/archive$", variants.variant_archive, name="variant_archive"),
    re_path(_VARIANT + r"/unarchive$", variants.variant_unarchive, name="variant_unarchive"),
    re_path(_VARIANT + r"/message$", variants.variant_message, name="variant_message"),
    re_path(_VARIANT + r"/preview$", variants.variant_preview, name="variant_preview"),
    re_path(_VARIANT + r"/preview/log$", variants.variant_preview_log, name="variant_preview_log"),
    path("permissions/<int:permission_id>", variants.permission_decide, name="permission_decide"),
]
