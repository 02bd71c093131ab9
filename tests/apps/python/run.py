"""Plays the scenario that is named, `chat/…`; without one it lists them all. It ends when its standard input does."""

import asyncio
import importlib
import inspect
import os
import sys
import threading
import traceback

import stage

FILES = ["chat", "feed", "auth", "limits", "packing", "manners", "watched"]


def scenarios(file):
    module = importlib.import_module(f"scenarios.{file}")
    public = inspect.getmembers(module, inspect.iscoroutinefunction)
    return {name: function for name, function in public if not name.startswith("_") and function.__module__ == module.__name__}


def end_with_the_input():
    sys.stdin.buffer.read()
    stage.undo()
    os._exit(3)


def main():
    if len(sys.argv) < 2:
        for file in FILES:
            for name in scenarios(file):
                print(f"{file}/{name}")
        return
    threading.Thread(target=end_with_the_input, daemon=True).start()
    file, name = sys.argv[1].split("/")
    code = 0
    try:
        asyncio.run(scenarios(file)[name]())
    except BaseException:
        traceback.print_exc()
        stage.tell_what_servers_said()
        code = 1
    stage.undo()
    sys.stderr.flush()
    # Neither for the thread that reads the input, nor for connections that are closing.
    os._exit(code)


main()
