"""OpenSSH's own server on loopback, run by the user of the tests, and the words that use it."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from coze_tui.standin.server import StandIn
from tests.support.children import end_with_parent
from tests.support.program import Program

PATHS = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
"""Where to look for the server, which is not in everybody's PATH."""
_STARTS_WITHIN = 10.0

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
PrintMotd no
PrintLastLog no
LogLevel ERROR
"""


class Connect(Protocol):
    """Connects, and starts the program there at a stand-in."""

    def __call__(
        self,
        stand_in: StandIn,
        *arguments: str,
        before: tuple[str, ...] = (),
        size: tuple[int, int] = (100, 30),
    ) -> Program: ...


class NoServer(Exception):
    """There is no OpenSSH here, or it cannot serve this user; the message says why."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    client: tuple[str, ...]
    """The client with its options and the host; a command for the shell of the user may follow."""

    def words(self, env: Mapping[str, str], *, before: Sequence[str] = ()) -> list[str]:
        """Return the words before a command that is to run in a terminal on the other side.

        Args:
            env: Set on the other side, where nothing else of the environment arrives.
            before: What starts the command there, such as tmux.
        """
        there = ["env", *(f"{name}={value}" for name, value in env.items()), *before]
        return [self.client[0], "-tt", *self.client[1:], *map(shlex.quote, there)]


@contextmanager
def sshd(folder: Path) -> Iterator[Server]:
    """Run a server with keys of its own, and end it.

    Raises:
        NoServer: This cannot be done here.
    """
    names = ("ssh", "ssh-keygen", "sshd")
    ssh, keygen, server = (shutil.which(name, path=PATHS) for name in names)
    if ssh is None or keygen is None or server is None:
        raise NoServer("OpenSSH is not installed")
    for name in ("host_key", "user_key"):
        command = [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, capture_output=True)
    if os.geteuid() == 0:  # a server that root runs gives up its rights in this folder
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(_CONFIG.format(port=port, folder=folder), "utf-8")
    options = ["-F", "none", "-p", str(port), "-i", str(folder / "user_key"), "-o", "BatchMode=yes"]
    options += [
        "-o",
        f"UserKnownHostsFile={folder / 'known_hosts'}",
        "-o",
        "StrictHostKeyChecking=accept-new",
    ]
    options += ["-o", "LogLevel=ERROR"]
    user = pwd.getpwuid(os.geteuid()).pw_name
    running = subprocess.Popen(
        [server, "-D", "-e", "-f", str(config)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=end_with_parent(),
    )
    try:
        client = (ssh, *options, f"{user}@127.0.0.1")
        _wait_for(port, running)
        tried = subprocess.run([*client, "true"], capture_output=True, text=True, timeout=60, check=False)
        if tried.returncode:
            raise NoServer(f"it lets nobody in: {tried.stderr.strip()}")
        yield Server(client)
    finally:
        running.terminate()
        running.communicate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError as error:
            if server.poll() is not None:
                said = server.communicate()[1].decode(errors="replace").strip()
                raise NoServer(f"sshd does not start: {said}") from error
            if time.monotonic() > end:
                raise NoServer("sshd does not listen") from error
        time.sleep(0.02)
