"""`python -m pgdocket` is `pgdocket`."""

from pgdocket.cli import main

if __name__ == "__main__":
    main()
