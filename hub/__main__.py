"""`python -m hub` is the command line `hub`. Serving processes import this file again, and must not run it."""

from hub.cli import main

if __name__ == "__main__":
    main()
