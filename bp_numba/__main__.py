"""Run the command line: ``python -m bp_numba``."""

import sys

from bp_numba.cli.main import main

sys.exit(main())
