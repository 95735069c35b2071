"""`python -m sonicat`."""

from sonicat.main import main

if __name__ == "__main__":
    main()
