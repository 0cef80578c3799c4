"""The settings of passwords and of django-axes, which counts failed sign-ins."""

from datetime import timedelta
from typing import Final

PASSWORD_HASHERS: Final = ["crm.auth.hashing.BoundedHasher"]
AXES_HANDLER: Final = "crm.auth.lockout.Lockout"
AXES_LOCKOUT_CALLABLE: Final = "crm.auth.lockout.answer"
AXES_LOCKOUT_PARAMETERS: Final = [["username", "ip_address"]]
AXES_FAILURE_LIMIT: Final = 5
AXES_COOLOFF_TIME: Final = timedelta(days=1)
AXES_RESET_ON_SUCCESS: Final = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT: Final = False
AXES_CLIENT_IP_CALLABLE: Final = "crm.auth.addresses.client_network"
AXES_SENSITIVE_PARAMETERS: Final = [
    "username",
    "ip_address",
    "client_secret",
    "code",
    "code_verifier",
    "refresh_token",
]
AXES_VERBOSE: Final = False
