"""The action's second step; it is started by action.yml, in the environment that the first one has made."""

import os
import sys

from taxonomy_tools.action.run import run
from taxonomy_tools.boundary import in_bounds

if __name__ == "__main__":
    sys.exit(in_bounds(lambda: run(os.environ), "taxonomy-tools"))
