"""Runs one contender's process: its JSON line, its time and its memory, measured alike for all."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time


def run_process(command, timeout):
    """The JSON that the command prints, or {"failed": why}; in either case `process_seconds`, and
    `peak_memory_bytes`, the process's largest resident set, start-up and compilation included."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        try:
            process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        except OSError as error:
            return {"failed": str(error)}
        late = threading.Event()
        timer = threading.Timer(timeout, stop, (process.pid, late))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            stop(process.pid, late)
            raise
        finally:
            timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if late.is_set():
            result = {"failed": f"took more than {timeout:.0f} s"}
        else:
            result = read_result(process.returncode, out.read(), err.read())
    result["process_seconds"] = round(time.perf_counter() - start, 2)
    result["peak_memory_bytes"] = usage.ru_maxrss * 1024
    return result


def stop(group, late):
    late.set()
    os.killpg(group, signal.SIGKILL)


def read_result(code, output, errors):
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return {"failed": f"exit code {code}: {lines[-1] if lines else 'no output'}"}
