"""Run the command as `python -m huiying`."""

from huiying.cli import main

if __name__ == "__main__":
    main()
