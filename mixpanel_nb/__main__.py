"""``python -m mixpanel_nb``: the commands in a terminal."""

from mixpanel_nb.cli import main

if __name__ == "__main__":
    main()
