"""The process: its end with the server, what it forks, signals, streams, memory."""

from __future__ import annotations

import os
import signal
import sys
import time
import unittest

from tests.harness import CALL, JSON, OK, PART, PING, Gone, Process

CODE = '''
import os, sys, time, signal, threading, subprocess

def forks(event):
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
        os._exit(0)
    return pid
def forks_and_returns(event):
    return os.fork()
def executes(event):
    p = subprocess.Popen(["sh", "-c", "ls -l /proc/$$/fd | grep -c socket; exec sleep 600"], stdout=subprocess.PIPE)
    n = int(p.stdout.readline())
    return [p.pid, n]
def busy(event):
    import re
    re.match(r"(a+)+$", "a" * 64 + "b")  # holds the interpreter's lock for ever
def ends(event): os._exit(event)
def prints(event):
    sys.stdout.write("x" * 1000 + "\\n")
    for _ in range(event): print("y" * 1023)
    sys.stderr.write("no end of line")
    return "done"
def echo(event): return event
def signals(event):
    import multiprocessing
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    child.start(); child.terminate(); child.join(300)
    return child.exitcode
def logs_in_a_child(event, context):
    import multiprocessing
    child = multiprocessing.get_context("fork").Process(target=context.logger.info, args=("from the child",))
    child.start(); child.join(300)
    return child.exitcode
def asks_in_a_thread(event):
    import mlrun
    got = []
    t = threading.Thread(target=lambda: got.append(mlrun.get_dataitem("x://y").local()))
    t.start(); t.join(300)
    return got
async def asks_in_a_coroutine(event):
    import mlrun
    return mlrun.get_dataitem("x://z").local()
'''


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def dies(pid: int, seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(pid)


@unittest.skipUnless(sys.platform.startswith("linux"), "looks at /proc")
class Processes(unittest.TestCase):
    def start(self, p, name, number=1):
        self.assertEqual(p.create(number, kind="function", name=name, **{"class": name}).kind, OK)

    def test_the_end_of_the_pipe_kills_the_group(self):
        with Process(CODE) as p:
            self.start(p, "forks")
            child = p.call(1).value
            self.start(p, "executes", 2)
            executed, sockets = p.call(1, 2).value
            self.assertEqual(sockets, 0, "the socket is not inherited")
            self.assertTrue(alive(child) and alive(executed))
            os.close(p.lifeline)
            p.lifeline = -1
            self.assertEqual(p.ends(), -signal.SIGKILL)
            self.assertTrue(dies(child))
            self.assertTrue(dies(executed))

    def test_children_die_when_the_worker_is_gone_already(self):
        with Process(CODE) as p:
            self.start(p, "forks")
            child = p.call(1).value
            p.process.kill()
            p.ends()
            self.assertTrue(alive(child))
            os.close(p.lifeline)
            p.lifeline = -1
            self.assertTrue(dies(child))

    def test_code_that_holds_the_lock_dies_too(self):
        with Process(CODE) as p:
            self.start(p, "busy")
            p.send(CALL, None, b"1", JSON, 1, 5)
            time.sleep(0.3)
            os.close(p.lifeline)
            p.lifeline = -1
            self.assertEqual(p.ends(), -signal.SIGKILL)

    def test_a_child_that_comes_back_answers_nothing(self):
        with Process(CODE) as p:
            self.start(p, "forks_and_returns")
            child = p.call(1).value
            self.assertGreater(child, 0)
            self.assertTrue(dies(child))
            self.assertEqual(p.ask(PING).kind, OK, "no second answer, and no frame was eaten")

    def test_signals(self):
        with Process(CODE) as p:
            self.start(p, "echo")
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(p.process.pid, number)
                self.assertEqual(p.call(1).value, 1)
            self.start(p, "signals")
            self.assertEqual(p.call(1).value, -signal.SIGTERM, "what it forks has signals as they were")

    def test_exit_in_the_code(self):
        with Process(CODE) as p:
            self.start(p, "ends")
            p.send(CALL, None, b"7", JSON, 1, 5)
            with self.assertRaises((Gone, ConnectionResetError)):
                p.next()
            self.assertEqual(p.ends(), 7)

    def test_what_is_printed(self):
        with Process(CODE) as p:
            self.start(p, "prints")
            self.assertEqual(p.call(50000).value, "done")
            self.assertTrue(p.wait_output(b"y" * 1023 + b"\n"))
            p.ask(7)
            p.ends()
            self.assertTrue(p.wait_output(b"no end of line"), "flushed at the end")

    def test_where_the_code_is(self):
        with Process(CODE) as p:
            self.start(p, "busy")
            p.send(CALL, None, b"1", JSON, 1, 5)
            line = CODE.splitlines().index('    re.match(r"(a+)+$", "a" * 64 + "b")  # holds the interpreter\'s lock for ever') + 1
            told, end = f'File "{p.file}", line {line} in busy'.encode(), time.monotonic() + 120
            asked = False
            while not asked and time.monotonic() < end:  # it may not be there yet
                os.kill(p.process.pid, signal.SIGUSR2)
                asked = p.wait_output(told, 0.5)
            self.assertTrue(asked)
            p.process.kill()

    def test_crashes_tell_the_line(self):
        with Process("import ctypes\ndef crash(event):\n    ctypes.string_at(0)\n") as p:
            self.start(p, "crash")
            p.send(CALL, None, b"1", JSON, 1, 5)
            self.assertEqual(p.ends(), -signal.SIGSEGV)
            self.assertTrue(p.wait_output(f'File "{p.file}", line 3 in crash'.encode()))

    def test_the_end_is_orderly(self):
        code = """
        import asyncio, atexit, os, threading, time
        atexit.register(print, "at exit")
        threading.Thread(target=time.sleep, args=(600,)).start()
        async def later(event):
            while not os.path.exists(__file__ + ".go"):
                await asyncio.sleep(0.001)
            return event
        class Closing:
            def do(self, event): return event
            def close(self): print("closed")
        """
        with Process(code) as p:
            self.start(p, "later")
            p.create(2, kind="class", name="c", **{"class": "Closing"})
            p.send(CALL, None, b"1", JSON, 1, 5)
            p.send(7, None, b"", 0, 0, 6)
            self.assertEqual(p.next().call, 6)
            open(p.file + ".go", "w").close()
            self.assertEqual(p.next().call, 5, "what has begun is answered")
            self.assertEqual(p.ends(), 0)
            self.assertTrue(p.wait_output(b"at exit") and p.wait_output(b"closed"))

    def test_children_log(self):
        with Process(CODE) as p:
            self.start(p, "logs_in_a_child")
            self.assertEqual(p.call(1).value, 0)
            self.assertTrue(p.wait_output(b"info: from the child"))

    def test_questions_from_threads(self):
        with Process(CODE) as p:
            if p.hello.meta["mlrun"]:
                self.skipTest("MLRun itself reads what is at a URL")
            p.answers["dataitem"] = lambda meta: {"file": "/got/" + meta["url"][-1]}
            self.start(p, "asks_in_a_thread")
            self.assertEqual(p.call(1).value, ["/got/y"])
            self.start(p, "asks_in_a_coroutine")
            self.assertEqual(p.call(1).value, "/got/z")

    def test_memory_and_modules_without_numpy(self):
        code = "import sys\ndef modules(event): return sorted(m for m in sys.modules if '.' not in m)\n"
        with Process(code) as p:
            self.start(p, "modules")
            names = set(p.call(1).value)
            heavy = {"asyncio", "inspect", "logging", "dataclasses", "socket", "subprocess", "numpy", "mlrun", "ast", "dis"}
            heavy -= set(self.bare())  # some environments import a few at every start
            self.assertEqual(names & heavy, set())
            print(f"\nresident without numpy: {p.resident() / 1e6:.1f} MB")

    def bare(self):
        import subprocess

        from tests.harness import PYTHON

        return subprocess.check_output([PYTHON, "-c", "import sys; print(*sys.modules)"], text=True).split()

    def test_streams_do_not_starve_others(self):
        with Process("def many(event):\n    for i in range(event): yield i\n") as p:
            self.start(p, "many")
            p.send(CALL, None, b"1000", JSON, 1, 5)
            got = []
            while (answer := p.next()).kind == PART:
                got.append(answer.value)
            self.assertEqual(got, list(range(1000)))
