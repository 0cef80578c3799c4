"""How long the project takes to import, against a bare project of Django and DRF."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings

from tests.perf.measure import Row, factor, medians

BARE = """
SECRET_KEY = "bare"
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
 "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles", "rest_framework"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
 "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
 "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
 "django.contrib.messages.context_processors.messages"]}}]
ROOT_URLCONF = "bare_urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "none"}}
"""
BARE_URLS = """
from django.contrib import admin
from django.urls import path
from rest_framework.routers import DefaultRouter
urlpatterns = [path("admin/", admin.site.urls), *DefaultRouter().urls]
"""
CHECK = "import django; django.setup(); from django.core.management import call_command; call_command('check')"


def run(directory: Path, module: str) -> None:
    """Run Django's `check` in a process of its own."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": module, "PYTHONPATH": str(directory)}
    command = [sys.executable, "-c", CHECK]
    subprocess.run(command, cwd=directory, env=environment, check=True, capture_output=True)  # noqa: S603 -- our own


def start_up() -> Row:
    """Return the line for start-up."""
    with tempfile.TemporaryDirectory() as name:
        bare = Path(name)
        (bare / "bare.py").write_text(BARE)
        (bare / "bare_urls.py").write_text(BARE_URLS)
        seconds = medians(
            {"bare": lambda: run(bare, "bare"), "ours": lambda: run(Path(settings.BASE_DIR), "crm.settings")}
        )
    return factor("start-up (`manage.py check`)", seconds["bare"], seconds["ours"], 1.5, "bare Django + DRF")
