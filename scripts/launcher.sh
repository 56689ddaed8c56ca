#!/bin/sh
# Becomes .venv/bin/jhansi-runner. Isolated mode (-I) keeps PYTHONPATH, the user's site-packages and the current
# directory, which may be a hostile workspace, out of the process that builds the sandbox.
self=$0
if [ -L "$self" ]; then self=$(readlink -f -- "$self"); fi
exec "${self%/*}/python" -I -c 'from jhansi_runner.runner.entry import main; raise SystemExit(main())' "$@"
