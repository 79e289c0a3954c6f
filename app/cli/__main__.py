"""`python -m app.cli` is `crowdqc`."""

import sys

from app.cli import main

sys.exit(main())
