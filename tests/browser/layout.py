"""How a page lies in its window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def fits(window: Page) -> bool:
    """Tell whether a page, once it is there with its styles, is no wider than its window."""
    window.wait_for_load_state()
    found: bool = window.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return found
