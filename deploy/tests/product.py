"""A product in a cluster: its vendor, its chart, its administrator's shell, and
what is asked of the pods.
"""

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import kubelet
from charts import ROOT, commands, packed
from cluster import Cluster
from shell import Shell
from vendor import PROGRAMS, Vendor

# How long a service may take to see what has changed, on a busy machine.
PATIENCE = 60


def missing(what):
    """Says that a test does nothing without this; fails where everything is to run."""
    subprocess.run([ROOT / "scripts" / "missing", "deploy/tests", what], check=True)
    raise unittest.SkipTest(what)


class Product(unittest.TestCase):
    chart = None
    namespace = "default"

    def setUp(self):
        if not kubelet.possible():
            missing("the right to give a process its own root")
        if not shutil.which("kubectl"):
            missing("kubectl")
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.directory = Path(made.name)
        # A pod's user enters it.
        self.directory.chmod(0o755)
        self.vendor = Vendor(self.chart, self.directory)
        self.archive = packed(self.chart, self.directory, self.vendor.public_key)
        self.cluster = Cluster(self.directory, PROGRAMS, self.namespace)
        self.addCleanup(self.cluster.close)
        shell = Shell(self.cluster, self.directory, self.archive)
        self.addCleanup(shell.close)
        self.run_command = shell.run

    @property
    def pods(self):
        return [pod for pods in self.cluster.kubelet.pods.values() for pod in pods]

    @property
    def pod(self):
        (pod,) = self.pods
        return pod

    def commands(self, notes):
        """The commands of a chart's notes, but for the one that forwards a port."""
        forward, *others = commands(notes)
        self.assertTrue(forward.startswith("kubectl port-forward "), forward)
        return [command.replace("127.0.0.1:3000", f"{self.pod.address}:{self.pod.port}") for command in others]

    def write(self, name, text):
        (self.directory / name).write_text(text)

    def secret(self, name, key):
        data = self.cluster.find("secrets", self.namespace, name)["data"]
        return base64.b64decode(data[key]).decode()

    def ask(self, path, body=None, token=None, pod=None, kind="application/json", headers=()):
        """The status and the JSON of an answer."""
        pod = pod or self.pod
        headers = {"Content-Type": kind} | dict(headers) | ({"Authorization": f"Bearer {token}"} if token else {})
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{pod.address}:{pod.port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                text, status = answer.read(), answer.status
        except urllib.error.HTTPError as refused:
            with refused:
                text, status = refused.read(), refused.code
        return status, json.loads(text)

    def sign_in(self, password, pod=None):
        status, body = self.ask("/api/auth/sign-in", {"email": "admin@example.com", "password": password}, pod=pod)
        self.assertEqual(status, 200, body)
        return body["token"]

    def until(self, condition, what, pod=None):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                self.fail(f"not within {PATIENCE} s: {what}; the log:\n{(pod or self.pod).log()}")
            time.sleep(0.02)


class Load:
    """About a thousand requests a second over connections that stay, every
    answer of which must be 200."""

    CLIENTS = 16
    RATE = 1000

    def __init__(self, pod, path):
        self.request = f"GET {path} HTTP/1.1\r\nHost: {pod.address}\r\n\r\n".encode()
        self.address = (pod.address, pod.port)
        self.ended = threading.Event()
        self.answers, self.faults = [0] * self.CLIENTS, []
        self.clients = [threading.Thread(target=self.client, args=(number,)) for number in range(self.CLIENTS)]

    def __enter__(self):
        self.began = time.monotonic()
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for client in self.clients:
            client.join()
        self.seconds = time.monotonic() - self.began

    def client(self, number):
        pause = self.CLIENTS / self.RATE
        try:
            with socket.create_connection(self.address, timeout=PATIENCE) as connection:
                answers, due = connection.makefile("rb"), time.monotonic()
                while not self.ended.is_set():
                    connection.sendall(self.request)
                    self.read(answers)
                    self.answers[number] += 1
                    due = max(due + pause, time.monotonic() - 1)
                    time.sleep(max(0, due - time.monotonic()))
        except Exception as fault:  # Whatever it is, the request failed.
            self.faults.append(repr(fault))

    @staticmethod
    def read(answers):
        status = answers.readline()
        length = 0
        while (line := answers.readline().lower()) not in (b"\r\n", b""):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        answers.read(length)
        if not status.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"answered {status!r}")
