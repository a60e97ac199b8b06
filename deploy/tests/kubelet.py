"""Runs pods as processes, each with the root, the user and the volumes that its
specification gives it, and nothing else of this machine but /usr and /proc.
"""

import base64
import http.client
import os
import shutil
import signal
import subprocess
import time
import uuid
from itertools import count

# Where a platform assigns users, as OpenShift does.
ASSIGNED = 1000680000
PATIENCE = 120

SCRIPT = """set -eu
root=$1 program=$2 writable=$3 user=$4 group=$5 groups=$6 capabilities=$7 machine_id=$8; shift 8
mount -t tmpfs -o mode=0755 tmpfs "$root"
cd "$root"
mkdir usr proc dev etc
ln -s usr/bin usr/lib usr/lib64 usr/sbin .
mount --rbind -o ro /usr usr
mount --rbind /proc proc
for device in null urandom; do touch dev/$device; mount --bind /dev/$device dev/$device; done
[ -z "$machine_id" ] || printf '%s\\n' "$machine_id" > etc/machine-id
touch service
mount --bind -o ro "$program" service
while [ $# -gt 0 ]; do
    mkdir -p ".$2"
    mount --bind "$1" ".$2"
    [ "$3" = rw ] || mount -o remount,bind,ro ".$2"
    shift 3
done
[ "$writable" = yes ] || mount -o remount,ro "$root"
exec chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$group" --groups "$groups" --no-new-privs \\
    --inh-caps=-all $capabilities /service
"""


def possible():
    """Whether a process can be given a root of its own here."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


class Kubelet:
    def __init__(self, directory, programs):
        self.directory = directory
        self.programs = programs
        self.pods = {}
        self.numbers = count(1)
        # What pods find in /etc/machine-id.
        self.machine_id = None

    def close(self):
        for pods in self.pods.values():
            for pod in pods:
                pod.kill()

    def pod(self, name):
        (pod,) = [pod for pods in self.pods.values() for pod in pods if pod.name == name]
        return pod

    def run(self, deployment, namespace, item, secrets):
        """Runs the pods of a Deployment as it is now; none where there is none."""
        running = self.pods.get((namespace, deployment), [])
        spec = item["spec"] if item else {"replicas": 0, "template": None}
        fitting = [pod for pod in running if pod.template == spec["template"]][: spec["replicas"]]
        leaving = [pod for pod in running if pod not in fitting]
        recreate = not item or spec["strategy"]["type"] == "Recreate"
        if recreate:
            for pod in leaving:
                pod.stop()
        new = [
            Pod(self, deployment, spec["template"], secrets, next(self.numbers))
            for _ in range(spec["replicas"] - len(fitting))
        ]
        self.pods[namespace, deployment] = fitting + new
        for pod in new:
            pod.start()
        if not recreate:
            for pod in leaving:
                pod.stop()
        return fitting + new

    def secrets_changed(self, namespace, secrets):
        for (within, _), pods in self.pods.items():
            for pod in pods if within == namespace else []:
                pod.mount_secrets(secrets)


class Pod:
    def __init__(self, kubelet, deployment, template, secrets, number):
        self.kubelet, self.deployment = kubelet, deployment
        self.template, self.secrets = template, secrets
        self.name = f"{deployment}-{number}"
        self.spec = template["spec"]
        (self.container,) = self.spec["containers"]
        self.directory = kubelet.directory / "pods" / f"{self.name}-{uuid.uuid4().hex[:8]}"
        self.directory.mkdir(parents=True)
        self.address = f"127.{64 + os.getpid() % 128}.{os.getpid() // 128 % 250}.{number}"
        (port,) = self.container["ports"]
        self.port, self.port_name = port["containerPort"], port["name"]
        self.mounted = {}
        self.output = self.directory / "output"
        context = self.spec["securityContext"]
        self.user = context.get("runAsUser", ASSIGNED)
        self.group = context.get("runAsGroup", 0)
        self.volumes_group = context.get("fsGroup", ASSIGNED)
        self.process = None

    def object(self):
        return {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": self.name, "labels": self.template["metadata"]["labels"],
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": self.deployment, "uid": "0"}],
            },
            "spec": self.spec | {"nodeName": "here"},
            "status": {"phase": "Running", "podIP": self.address},
        }

    # Volumes.

    def volume(self, volume):
        if "emptyDir" in volume:
            return self.given(self.directory / volume["name"])
        if claim := volume.get("persistentVolumeClaim"):
            return self.given(self.kubelet.directory / "volumes" / claim["claimName"])
        return self.directory / volume["name"]

    def given(self, directory):
        """A directory as fsGroup makes it."""
        directory.mkdir(parents=True, exist_ok=True)
        os.chown(directory, 0, self.volumes_group)
        directory.chmod(0o2775)
        return directory

    def mount_secrets(self, secrets):
        """Lays Secrets out as the kubelet's atomic writer does."""
        for volume in self.spec["volumes"]:
            if secret := volume.get("secret"):
                data = secrets.get(secret["secretName"])
                if data is None and not secret.get("optional"):
                    raise RuntimeError(f"{self.name}: no Secret {secret['secretName']}")
                self.write(self.directory / volume["name"], data or {}, secret["defaultMode"])

    def write(self, directory, data, mode):
        if self.mounted.get(directory) == data:
            return
        before = os.readlink(directory / "..data") if directory in self.mounted else None
        self.mounted[directory] = dict(data)
        directory.mkdir(exist_ok=True)
        now = f"..2026_06_01_00_00_00.{uuid.uuid4().hex[:10]}"
        (directory / now).mkdir(mode=0o755)
        for key, value in data.items():
            file = directory / now / key
            file.write_bytes(base64.b64decode(value))
            os.chown(file, 0, self.volumes_group)
            file.chmod(mode)
        (directory / "..data_tmp").symlink_to(now)
        (directory / "..data_tmp").rename(directory / "..data")
        for key in data:
            if not (directory / key).is_symlink():
                (directory / key).symlink_to(f"..data/{key}")
        for link in directory.iterdir():
            if not link.name.startswith("..") and link.name not in data:
                link.unlink()
        if before:
            shutil.rmtree(directory / before)

    # The process.

    def env(self):
        env = {}
        for variable in self.container["env"]:
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                value = base64.b64decode(self.secrets[reference["name"]][reference["key"]]).decode()
            else:
                value = variable["value"]
            env[variable["name"]] = value
        # All addresses of a pod are one address of this machine.
        for every in ("0.0.0.0:", "[::]:"):
            env["LISTEN"] = env["LISTEN"].replace(every, f"{self.address}:")
        return env

    def start(self):
        self.mount_secrets(self.secrets)
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        mounts = []
        for mount in self.container["volumeMounts"]:
            mode = "ro" if mount.get("readOnly") else "rw"
            source = self.volume(volumes[mount["name"]])
            if "subPath" in mount:
                source /= mount["subPath"]
            mounts += [str(source), mount["mountPath"], mode]
        security = self.container["securityContext"]
        image = self.container["image"].split("@")[0].rsplit(":", 1)[0].rsplit("/", 1)[-1]
        root = self.directory / "root"
        root.mkdir()
        capabilities = "--bounding-set=-all" if "ALL" in security["capabilities"]["drop"] else ""
        writable = "no" if security["readOnlyRootFilesystem"] else "yes"
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", SCRIPT, "pod"]
        command += [root, self.kubelet.programs[image], writable]
        command += [str(self.user), str(self.group), str(self.volumes_group), capabilities, self.kubelet.machine_id or "", *mounts]
        command += self.container.get("args", [])
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, env=self.env(), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.until(lambda: self.probe("startupProbe"))
        assert self.probe("livenessProbe") and self.probe("readinessProbe")

    def log(self):
        return self.output.read_text()

    def until(self, condition, patience=PATIENCE):
        end = time.monotonic() + patience
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.log()}")
            if time.monotonic() > end:
                raise RuntimeError(f"{self.name} is not ready:\n{self.log()}")
            time.sleep(0.02)

    def probe(self, probe):
        get = self.container[probe]["httpGet"]
        assert get["port"] == self.port_name
        connection = http.client.HTTPConnection(self.address, self.port, timeout=self.container[probe].get("timeoutSeconds", 1))
        try:
            connection.request("GET", get["path"])
            return 200 <= connection.getresponse().status < 400
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(self.spec.get("terminationGracePeriodSeconds", 30))
        assert code == 0, f"{self.name} ended with {code}:\n{self.log()}"

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
