"""Run the command as `python -m huiying`."""

import signal

if __name__ == "__main__":
    # While the command is being loaded there is nothing to tidy up: Ctrl-C just ends the process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from huiying.cli import main

    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
