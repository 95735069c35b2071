"""`python -m sonicat`."""

from sonicat.commands import main

if __name__ == "__main__":
    main()
