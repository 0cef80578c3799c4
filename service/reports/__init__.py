"""Reports about service; importing them offers them. What each figure means: docs/how-to/service-reports.md."""

from service.reports import messages, tickets

__all__ = ["messages", "tickets"]
