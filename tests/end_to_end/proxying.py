"""A real nginx for tests, with the server block that docs/operations.md recommends, on the loopback interface."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from grp import getgrgid
from pathlib import Path
from pwd import getpwuid

import pytest

from tests.conftest import PROJECT
from tests.end_to_end.serving import PATIENCE, free_port

WHERE = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
"""Where programs are looked for. Debian's nginx is in /usr/sbin, which is not on everyone's path."""

CONFIGURATION = """
daemon off;
user {user} {group};
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{block}}}
"""


@dataclass(frozen=True)
class Proxy:
    """An nginx that runs. It hands every request to a server on ``upstream``, whichever listens there."""

    port: int
    upstream: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def documented(page: str, section: str) -> str:
    """The block of nginx's configuration in a section of the documentation."""
    text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
    section = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"^```nginx\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    return str(block)


@contextmanager
def proxying(folder: Path, *more: str) -> Iterator[Proxy]:
    """nginx with the recommended blocks and ``more``, whose files are in ``folder``, for the length of the ``with`` block."""
    program = shutil.which("nginx", path=WHERE)
    if program is None:
        pytest.fail("nginx is not installed: apt-get install nginx-light")
    proxy = Proxy(free_port(), free_port())
    block = documented("operations.md", "Behind nginx")
    for shown, used in (
        ("listen 80;", f"listen 127.0.0.1:{proxy.port};"),
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{proxy.upstream};"),
    ):
        assert block.count(shown) == 1
        block = block.replace(shown, used)
    configuration = folder / "nginx.conf"
    text = CONFIGURATION.format(
        folder=folder,
        block="\n".join((block, *more)),
        user=getpwuid(
            os.geteuid()
        ).pw_name,  # root's nginx would run as nobody, who cannot use the folder
        group=getgrgid(os.getegid()).gr_name,
    )
    configuration.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _wait_until_it_listens(process, proxy.port)
        yield proxy
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _wait_until_it_listens(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(process.communicate()[0])
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("nginx does not listen")
