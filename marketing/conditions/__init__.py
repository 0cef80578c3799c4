"""Which customers are meant: the parameters of their list, and what applications add to these, in groups.

A leaf is a mapping of parameters to texts, all of which must hold. A group is `{"all": [...]}`, `{"any": [...]}` or
`{"not": ...}` of leaves and groups.
"""

from marketing.conditions.reading import Unreadable, kept_by, refused
from marketing.conditions.registry import Condition, listed, read_parameters_by, register

__all__ = ["Condition", "Unreadable", "kept_by", "listed", "read_parameters_by", "refused", "register"]
