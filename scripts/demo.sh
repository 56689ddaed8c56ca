#!/usr/bin/env bash
# The main job on real packages: a script that nobody prepared for, run twice in a new workspace.
set -euo pipefail
command="$(cd "$(dirname "$0")/.." && pwd -P)/.venv/bin/jhansi-runner"
workspace=$(mktemp -d "${TMPDIR:-/tmp}/jhansi-demo.XXXXXX")
trap 'rm -rf "$workspace"' EXIT
cd "$workspace"

cat > main.py <<'PYTHON'
import numpy as np, pandas as pd, yaml
print(pd.DataFrame({"x": np.arange(3)}).describe().to_string()); print(yaml.safe_load("a: 1"))
PYTHON

echo '$ cat main.py'
cat main.py
for run in first second; do
    echo
    echo "\$ jhansi-runner exec main.py        # $run run"
    start=$(date +%s%N)
    "$command" exec main.py
    echo "[$run run: $(( ($(date +%s%N) - start) / 1000000 )) ms]"
done
