#!/usr/bin/env python
import os
import sys

TRY_AGAIN = 75  # upon any other code, an MTA that pipes an e-mail to `receive_mail` sends it back


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"Configuration: {error}\n")
        sys.exit(TRY_AGAIN if sys.argv[1:2] == ["receive_mail"] else 1)


if __name__ == "__main__":
    main()
