"""Entry point of the command line: ``python -m infra.admin``."""

from infra.admin.cli import admin

if __name__ == "__main__":
    admin(prog_name="python -m infra.admin")
