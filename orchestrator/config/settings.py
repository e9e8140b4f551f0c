"""All settings, read from the environment. The defaults are one person's machine; production is other values."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kombu.entity import Queue

from orchestrator.config.env import (
    env_bool,
    env_data_dir,
    env_database,
    env_int,
    env_list,
    env_port,
    env_str,
    env_url,
)
from orchestrator.supervisor.places import Places, secret_key

BASE_DIR = Path(__file__).resolve().parents[2]

# --- This installation ----------------------------------------------------------------------------
BAKEOFF_DATA_DIR = env_data_dir()
BAKEOFF_PORT = env_port("BAKEOFF_PORT", 8000)
BAKEOFF_PREVIEW_PORT = env_port("BAKEOFF_PREVIEW_PORT", 8001)
BAKEOFF_PUBLIC_URL = env_url(
    "BAKEOFF_PUBLIC_URL", f"http://localhost:{BAKEOFF_PORT}", schemes=("http", "https")
)
BAKEOFF_SLOTS = env_int("BAKEOFF_SLOTS", 8, least=1, most=256)
# For so many days after the end; 0: for ever. What people see (commits, transcripts) is always kept.
BAKEOFF_KEEP_WORKSPACES_DAYS = env_int("BAKEOFF_KEEP_WORKSPACES_DAYS", 14, least=0, most=36_500)
BAKEOFF_KEEP_JOURNALS_DAYS = env_int("BAKEOFF_KEEP_JOURNALS_DAYS", 30, least=0, most=36_500)
# First port of the blocks that variants get; below the range that the kernel gives to clients.
BAKEOFF_PORT_RANGE = env_int("BAKEOFF_PORT_RANGE", 21_000, least=1024, most=60_000)

SECRET_KEY = env_str("SECRET_KEY") or secret_key(BAKEOFF_DATA_DIR)
DEBUG = env_bool("BAKEOFF_DEBUG", False)

# --- Applications ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "agents",
    "orchestrator",
    "review",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "orchestrator.lib.http.ContentSecurityPolicyMiddleware",
    "orchestrator.lib.http.AllowedHostMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "orchestrator.lib.http.FragmentMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "orchestrator.lib.http.LoginRequiredMiddleware",
    "orchestrator.lib.http.CanonicalHostMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "orchestrator.views.errors.AppErrorMiddleware",
]

ROOT_URLCONF = "orchestrator.config.urls"
ASGI_APPLICATION = "orchestrator.config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",  # a writer waits its turn instead of failing half-way
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
_database: dict[str, Any] = env_database("DATABASE_URL") or {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": str(BAKEOFF_DATA_DIR / "db.sqlite3"),
}
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = _SQLITE_OPTIONS
    # Tests have processes and threads of their own beside them: a file, never a memory database.
    _database["TEST"] = {"NAME": str(BAKEOFF_DATA_DIR / "test.sqlite3")}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: broker, feed, cache -------------------------------------------------------------------
REDIS_URL = env_url(
    "REDIS_URL",
    f"unix://{Places(BAKEOFF_DATA_DIR).redis_socket}",
    schemes=("redis", "rediss", "unix"),
)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "bakeoff:cache",
    }
}


def _broker_url(redis_url: str) -> str:
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"


# --- Celery ---------------------------------------------------------------------------------------
# Messages only hurry things along: acknowledged early, never kept, no results.
CELERY_BROKER_URL = _broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # so says a Redis whose disk is full
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "bakeoff:queue:",
    "visibility_timeout": 6 * 3600,
    "socket_connect_timeout": 5,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_QUEUES = [Queue(name) for name in ("work", "runs")]  # type: ignore[no-untyped-call]
CELERY_TASK_DEFAULT_QUEUE = "work"
CELERY_TASK_ROUTES = {
    "orchestrator.run_*": {"queue": "runs"},
    "orchestrator.schedule_tick": {"queue": "runs"},
    "bakeoff.heartbeat": {"queue": "runs"},
}
CELERY_WORKER_CONCURRENCY = env_int("BAKEOFF_WORKER_THREADS", 8, least=2, most=64)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # intervals only: nothing to keep in a file
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
# Each message expires before long, so that none pile up while no worker is there.
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {"task": "bakeoff.heartbeat", "schedule": 2.0, "options": {"expires": 10}},
    "sweep": {"task": "orchestrator.sweep", "schedule": 5.0, "options": {"expires": 10}},
    "upkeep": {"task": "orchestrator.upkeep", "schedule": 900.0, "options": {"expires": 300}},
    "merges": {"task": "review.merges_recover", "schedule": 5.0, "options": {"expires": 10}},
}

# --- Hosts, cookies, headers ----------------------------------------------------------------------
_public = urlsplit(BAKEOFF_PUBLIC_URL)
ALLOWED_HOSTS = sorted(
    {"localhost", "127.0.0.1", "[::1]", _public.hostname or "localhost"}
    | set(env_list("BAKEOFF_ALLOWED_HOSTS"))
)
_https = _public.scheme == "https"
if _https:
    CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Cookies do not tell ports apart: two installations on one machine must not share a name.
SESSION_COOKIE_NAME = f"bakeoff_session_{BAKEOFF_PORT}"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 30 * 24 * 3600
CSRF_COOKIE_NAME = f"bakeoff_csrf_{BAKEOFF_PORT}"
CSRF_COOKIE_SECURE = _https
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
# Paths that answer for themselves: the API (401 instead of a redirect, or a bearer token).
BAKEOFF_OWN_LOGIN_PREFIXES = ("/api/",)

# --- Static files, stored files -------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BAKEOFF_DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = BAKEOFF_DATA_DIR / "media"
_static_storage = {
    "hashed": "orchestrator.lib.http.StaticStorage",
    "plain": "django.contrib.staticfiles.storage.StaticFilesStorage",
}[env_str("BAKEOFF_STATIC", "hashed", choices=("hashed", "plain"))]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_storage},
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_USE_FINDERS = _static_storage.endswith("StaticFilesStorage")

# --- Language, time, log --------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        name: {"level": env_str("BAKEOFF_LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING"))}
        for name in ("agents", "orchestrator", "review")
    },
}
LOGGING_CONFIG = "logging.config.dictConfig"
