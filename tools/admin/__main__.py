"""Entry point of the command line: ``stint-admin``, or ``python -m tools.admin``."""

from tools.admin.cli import admin

if __name__ == "__main__":
    admin(prog_name="stint-admin")
