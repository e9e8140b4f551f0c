#!/usr/bin/env bash
# Make .venv from a lock file, and touch the marks that say so: venv.sh LOCK MARK...
# uv is used where it is on PATH, pip otherwise: both check every package against its hash.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=$1
shift

python=""
for candidate in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "Bakeoff needs Python 3.11 or newer; set PYTHON=/path/to/python3.11 if it is not on PATH." >&2
  exit 1
fi
if ! command -v git >/dev/null; then
  echo "Bakeoff needs git 2.38 or newer; install it first." >&2
  exit 1
fi

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Making .venv with $("$python" --version) …"
  if ! "$python" -m venv --clear .venv; then
    echo "Python cannot make a virtual environment here; on Debian, install python3-venv." >&2
    exit 1
  fi
fi

packages=$(grep -c '==' "$lock")
echo "Installing $packages packages from $lock into .venv (half a minute or so) …"
installed=""
if command -v uv >/dev/null; then
  uv pip install --quiet --python .venv/bin/python --require-hashes -r "$lock" && installed=yes ||
    echo "uv could not install them; trying pip …"
fi
if [ -z "$installed" ]; then
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
fi

# The project itself stays where it is: a path entry and a command, nothing to build.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
pwd >"$site/bakeoff.pth"
cat >.venv/bin/bakeoff <<'EOF'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -P -m orchestrator.config.cli "$@"
EOF
chmod +x .venv/bin/bakeoff

touch "$@"
