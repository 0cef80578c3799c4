"""The purposes that nearly everybody asks for, made with the first migration; administrators add others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import connection

if TYPE_CHECKING:
    from django.apps import AppConfig

PURPOSES: Final = [
    {
        "name": "marketing_email",
        "channel": "email",
        "label": "News by e-mail",
        "label_zh": "电子邮件资讯",
        "description": "We may send you offers and news about our products by e-mail.",
        "description_zh": "我们可以通过电子邮件向您发送产品优惠和资讯。",
    },
    {
        "name": "sms",
        "channel": "sms",
        "label": "Text messages",
        "label_zh": "短信",
        "description": "We may send you offers and news by text message.",
        "description_zh": "我们可以通过短信向您发送优惠和资讯。",
    },
    {
        "name": "phone",
        "channel": "phone",
        "label": "Phone calls",
        "label_zh": "电话",
        "description": "We may call you about offers that could interest you.",
        "description_zh": "我们可以致电向您介绍您可能感兴趣的优惠。",
    },
]


def make_first_purposes(app_config: AppConfig, **kwargs: Any) -> None:
    """Make the purposes where there are none yet; a receiver of `post_migrate`."""
    from customers.models import Purpose

    is_there = Purpose._meta.db_table in connection.introspection.table_names()
    if is_there and not Purpose.objects.exists():
        Purpose.objects.bulk_create(Purpose(**values) for values in PURPOSES)
