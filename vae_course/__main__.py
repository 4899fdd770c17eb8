"""`python -m vae_course`: see cli.py."""

import sys

from vae_course.cli import main

sys.exit(main())
