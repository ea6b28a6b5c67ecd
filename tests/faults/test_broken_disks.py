"""The disk or its file system fails: the advice names the cause, and chatting continues."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import Command
from tests.support.stores import talk, written

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="preloads a library")
_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fails calls of one kind, named by FAULT, on files with history.db in their path. */
static int fails(const char *kind, int number)
{
    const char *fault = getenv("FAULT");
    char link[64], path[4096];
    if (!fault || strcmp(fault, kind)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", number);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "history.db") != NULL;
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

int fsync(int f)
{
    if (fails("fsync", f)) { errno = EIO; return -1; }
    return NEXT(int (*)(int), "fsync")(f);
}

int fdatasync(int f)
{
    if (fails("fsync", f)) { errno = EIO; return -1; }
    return NEXT(int (*)(int), "fdatasync")(f);
}

ssize_t pwrite64(int f, const void *data, size_t size, off64_t at)
{
    if (fails("write", f)) { errno = EIO; return -1; }
    return NEXT(ssize_t (*)(int, const void *, size_t, off64_t), "pwrite64")(f, data, size, at);
}

ssize_t pread64(int f, void *data, size_t size, off64_t at)
{
    if (fails("read", f)) { errno = EIO; return -1; }
    return NEXT(ssize_t (*)(int, void *, size_t, off64_t), "pread64")(f, data, size, at);
}

static int locking(const char *name, int f, int command, void *argument)
{
    if ((command == F_SETLK || command == F_SETLKW) && fails("lock", f)) { errno = ENOLCK; return -1; }
    return NEXT(int (*)(int, int, ...), name)(f, command, argument);
}

int fcntl64(int f, int command, ...)
{
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return locking("fcntl64", f, command, argument);
}

int fcntl(int f, int command, ...)
{
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return locking("fcntl", f, command, argument);
}
"""
_BROKEN, _NO_LOCKS = "the disk reports an error", "the file system cannot lock files"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a library that makes calls of the system fail."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("library")
    (folder / "fault.c").write_text(_SOURCE, "utf-8")
    made = [
        compiler,
        "-shared",
        "-fPIC",
        "-w",
        "-o",
        str(folder / "fault.so"),
        str(folder / "fault.c"),
        "-ldl",
    ]
    subprocess.run(made, check=True)
    return folder / "fault.so"


@pytest.fixture
def kept(tmp_path: Path) -> None:
    written(tmp_path / "home", talk("海水", ("海水为什么是咸的？", "因为盐。")))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("fault", "cause"),
    [("write", _BROKEN), ("fsync", _BROKEN), ("read", _BROKEN), ("lock", _NO_LOCKS)],
)
def test_the_advice_fits_the_fault(command: Command, library: Path, fault: str, cause: str) -> None:
    variables = {"LD_PRELOAD": str(library), "FAULT": fault}
    renamed = command("history", "rename", "last", "neu", **variables)
    assert renamed.status == 1
    assert cause in renamed.err
    talked = command("--linear", stdin=b"1 + 1\n", **variables)
    assert talked.status == 0
    assert "Status: completed" in talked.out
    assert cause in talked.out + talked.err
    for line in ("history", "stats", "history search 盐", "show last"):
        err = command(*line.split(), **variables).err
        assert not err or cause in err, line
        assert "not being saved" not in err
        assert "owner and permissions" not in err
        assert "disk is full" not in err
