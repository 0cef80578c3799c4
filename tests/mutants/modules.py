"""What protects people and data, and the tests that are to notice where it is changed."""

from __future__ import annotations

from typing import Final

PROTECTED: Final[dict[str, tuple[str, ...]]] = {
    "crm/querysets.py": (
        "tests/changes/test_visibility.py",
        "tests/crm/test_tags.py",
        "tests/privacy/test_undone_merges.py",
    ),
    "crm/changes/feed.py": ("tests/changes",),
    "crm/changes/timeline.py": ("tests/customers/test_timeline.py", "tests/changes"),
    "crm/api/pagination.py": ("tests/crm/api",),
    "crm/api/idempotency.py": ("tests/crm/api",),
    "crm/auth/authentication.py": ("tests/crm/auth",),
    "crm/auth/sessions.py": ("tests/crm/auth",),
    "crm/auth/limits.py": ("tests/crm/auth",),
    "crm/auth/lockout.py": ("tests/crm/auth",),
    "crm/housekeeping.py": ("tests/crm/test_housekeeping.py",),
    "crm/jobs.py": ("tests/crm/test_housekeeping.py", "tests/crm/test_admin_jobs.py"),
    "crm/imports/running.py": ("tests/imports",),
    "crm/webhooks/targets.py": ("tests/webhooks",),
    "crm/webhooks/feeding.py": ("tests/webhooks",),
    "crm/webhooks/deliveries.py": ("tests/webhooks",),
    "crm/privacy/actions.py": ("tests/privacy",),
    "customers/consents.py": ("tests/customers/test_consents.py", "tests/marketing/test_against_their_will.py"),
    "customers/retention.py": ("tests/privacy",),
    "marketing/actions/claiming.py": ("tests/marketing/test_sending.py", "tests/marketing/test_against_their_will.py"),
    "service/clocks.py": ("tests/service/test_clocks.py", "tests/service/test_minutes.py"),
}
