"""Coming in: by the one-time link that `bakeoff up` prints, or by name and password."""

from __future__ import annotations

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from orchestrator.forms.login import LoginForm
from orchestrator.services.access import login_code_redeem
from orchestrator.views.answers import next_url

BACKEND = "django.contrib.auth.backends.ModelBackend"


@login_not_required
@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def login_view(request: HttpRequest) -> HttpResponse:
    to = next_url(request, "/")
    code = request.GET.get("code", "")
    if code:
        return _code_login(request, code, to)
    if request.user.is_authenticated:
        return HttpResponseRedirect(to)
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = authenticate(
            request,
            username=form.cleaned_data["username"],
            password=form.cleaned_data["password"],
        )
        if isinstance(user, User):
            login(request, user)
            return HttpResponseRedirect(to)
        form.add_error(None, "No account has this name and password.")
    status = 200 if request.method == "GET" else 400
    return render(request, "orchestrator/login.html", {"form": form, "next": to}, status=status)


def _code_login(request: HttpRequest, code: str, to: str) -> HttpResponse:
    user = login_code_redeem(code=code)
    if user is not None:
        login(request, user, backend=BACKEND)
        return HttpResponseRedirect(to)
    if request.user.is_authenticated:  # the link was opened a second time
        return HttpResponseRedirect(to)
    return render(
        request,
        "orchestrator/login.html",
        {"form": LoginForm(), "next": to, "code_refused": True},
        status=403,
    )


@require_POST
def logout_view(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")
