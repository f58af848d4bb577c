"""`python -m vivavoce` is `vivavoce`."""

from vivavoce.cli.main import run

if __name__ == "__main__":
    run()
