#!/bin/sh
# Make the virtual environment and install a requirements file into it.
#
#   sh tools/install.sh VENV REQUIREMENTS [PYTHON]
#
# Without PYTHON the newest of python3.13, python3.12, python3.11 and python3 that will do is taken. What cannot be
# done is one line on standard error and exit code 2.
set -u
venv=$1 requirements=$2 wanted=${3:-}

fail() {
    echo "error: $1" >&2
    exit 2
}

suitable='import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else 1)'

choose() {
    for candidate in ${wanted:-python3.13 python3.12 python3.11 python3}; do
        if "$candidate" -c "$suitable" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

if ! "$venv/bin/python" -c "$suitable" 2>/dev/null || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(choose)
    if [ -z "$python" ]; then
        found=$("${wanted:-python3}" --version 2>&1) || found="no ${wanted:-python3}"
        fail "Python 3.11, 3.12 or 3.13 is needed, found $found: install one, or name it with PYTHON=/path/to/python3.12"
    fi
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python has no venv module: install it (Debian and Ubuntu: apt install python3-venv)"
    mkdir -p "$venv" 2>/dev/null && [ -w "$venv" ] ||
        fail "the folder $venv cannot be written: make it writable, or choose another with VENV=/path/to/folder"
    echo "Making $venv with $("$python" --version)" >&2
    "$python" -m venv --clear "$venv" >&2 || fail "the virtual environment $venv could not be made (see above)"
fi

[ -w "$venv" ] || fail "the folder $venv cannot be written: make it writable, or choose another with VENV=/path/to/folder"
echo "Installing $requirements" >&2
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2 ||
    fail "the packages of $requirements could not be installed (see above): check the network, then try again"
