"""Answers the runner's commands, one after another (matrix/driver-protocol.ts), until there are no more."""

import base64
import json
import os
import platform
import sys
import traceback


class Unsupported(Exception):
    """What the client has no way to do."""


def unb64(text):
    return None if text is None else base64.b64decode(text)


def b64(data):
    return None if data is None else base64.b64encode(data).decode()


def serve(version, commands):
    def show(value):
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()

    show({"version": f"{version} (Python {platform.python_version()})"})
    for line in sys.stdin:
        given = json.loads(line)
        command = commands.get(given.pop("op"))
        try:
            if command is None:
                raise Unsupported("no such command")
            show({"ok": command(**given) or {}})
        except Unsupported as why:
            show({"unsupported": str(why)})
        except Exception:
            show({"error": traceback.format_exc()})
    # Threads of a client must not hold the process.
    os._exit(0)
