"""What protects people and data, and the tests that are to notice where it is changed."""

from __future__ import annotations

from typing import Final

PROTECTED: Final[dict[str, tuple[str, ...]]] = {
    # who sees what
    "crm/querysets.py": ("tests/crm/test_querysets.py", "tests/test_visibility.py", "tests/crm/test_tags.py"),
    "crm/changes/timeline.py": (
        "tests/sales/test_timeline_visibility.py",
        "tests/customers/test_timeline.py",
        "tests/marketing/test_timeline.py",
    ),
    "crm/webhooks/rights.py": (
        "tests/webhooks/test_rights.py",
        "tests/webhooks/test_ending.py",
        "tests/webhooks/test_reading.py",
    ),
    # who comes in, and may do what
    "crm/auth/authentication.py": (
        "tests/crm/auth/test_tokens.py",
        "tests/crm/auth/test_sessions.py",
        "tests/crm/auth/test_families.py",
        "tests/crm/auth/test_limits.py",
    ),
    "crm/auth/sessions.py": (
        "tests/crm/auth/test_sessions.py",
        "tests/crm/auth/test_ending.py",
        "tests/crm/auth/test_families.py",
        "tests/crm/auth/test_racing.py",
    ),
    "crm/auth/rights.py": ("tests/crm/test_admin_rights.py", "tests/crm/test_admin_teams.py"),
    "crm/auth/addresses.py": ("tests/crm/auth/test_doors.py", "tests/crm/auth/test_limits.py"),
    "crm/auth/limits.py": ("tests/crm/auth/test_limits.py", "tests/crm/auth/test_doors.py"),
    "crm/auth/lockout.py": (
        "tests/crm/auth/test_lockout.py",
        "tests/crm/auth/test_strangers.py",
        "tests/crm/auth/test_doors.py",
    ),
    # nothing lost, nothing twice
    "crm/changes/feed.py": (
        "tests/changes/test_reading.py",
        "tests/changes/test_visibility.py",
        "tests/restored/test_positions.py",
    ),
    "crm/api/pagination.py": (
        "tests/crm/api/test_pagination.py",
        "tests/marketing/test_segments.py::test_two_segments_show_each_its_own_members",
    ),
    "crm/api/idempotency.py": ("tests/crm/api/test_idempotency.py",),
    "crm/housekeeping.py": ("tests/crm/test_keeping.py", "tests/crm/test_housekeeping.py"),
    "crm/jobs.py": ("tests/crm/test_jobs.py", "tests/crm/test_readiness.py", "tests/crm/test_lost_jobs.py"),
    "crm/restored/holding.py": ("tests/restored/test_sending.py", "tests/restored/test_positions.py"),
    "crm/imports/running.py": (
        "tests/imports/test_stale.py",
        "tests/imports/test_running.py",
        "tests/imports/test_rows.py",
        "tests/imports/test_doors.py::test_a_disabled_account_imports_nothing",
    ),
    "crm/webhooks/targets.py": ("tests/webhooks/test_targets.py", "tests/webhooks/test_resolving.py"),
    "crm/webhooks/signatures.py": ("tests/webhooks/test_signatures.py",),
    "crm/webhooks/backoff.py": ("tests/webhooks/test_backoff.py", "tests/webhooks/test_failing.py"),
    "crm/webhooks/feeding.py": ("tests/webhooks/test_feeding.py", "tests/webhooks/test_rights.py"),
    "crm/webhooks/lanes.py": ("tests/webhooks/test_lanes.py", "tests/webhooks/test_failing.py"),
    "crm/webhooks/deliveries.py": ("tests/webhooks/test_deliveries.py", "tests/webhooks/test_failing.py"),
    "marketing/actions/claiming.py": (
        "tests/marketing/test_claiming.py",
        "tests/marketing/test_noting.py",
        "tests/marketing/test_sending.py",
    ),
    "service/clocks.py": ("tests/service/test_clocks.py", "tests/service/test_late_mail.py"),
    # what people agreed to, and what is forgotten
    "customers/consents.py": (
        "tests/customers/test_consents.py",
        "tests/customers/test_preferences.py",
        "tests/imports/test_consents.py",
        "tests/test_schema.py::test_the_committed_document_is_what_the_code_says",
    ),
    "customers/preferences.py": ("tests/customers/test_preferences.py", "tests/customers/test_preferences_links.py"),
    "customers/retention.py": ("tests/privacy/test_retention.py", "tests/privacy/test_rechecks.py"),
    "crm/privacy/actions.py": ("tests/privacy/test_erasing.py",),
    # what strangers send
    "crm/archives.py": ("tests/attachments/test_bombs.py", "tests/attachments/test_kinds.py"),
    "crm/lines.py": ("tests/crm/test_lines.py",),
    "crm/api/characters.py": ("tests/crm/api/test_characters.py", "tests/crm/test_lines.py"),
}
