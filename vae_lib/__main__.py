"""`python -m vae_lib`: see cli.py."""

import sys

from vae_lib.cli import main

sys.exit(main())
