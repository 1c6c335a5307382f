"""`python -m cli`, the same as `hansard`."""

from cli.app import app

if __name__ == "__main__":
    app(prog_name="hansard")
