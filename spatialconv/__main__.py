"""`python -m spatialconv`."""

from spatialconv.cli import main

if __name__ == "__main__":
    main()
