"""As much of a cluster as kubectl and Helm need: an API server on this machine
that keeps objects, and has a kubelet run the pods of its Deployments.

It answers for the kinds that the charts render, patches them as the real one
does where only maps change, and brings a changed Secret into pods at once.
"""

import copy
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import yaml

import protobuf
from kubelet import Kubelet

RESOURCES = {
    "v1": {
        "secrets": "Secret",
        "services": "Service",
        "pods": "Pod",
        "persistentvolumeclaims": "PersistentVolumeClaim",
        "events": "Event",
    },
    "apps/v1": {"deployments": "Deployment", "replicasets": "ReplicaSet"},
}


BASES = {"v1": "/api/v1", "apps/v1": "/apis/apps/v1"}


class Status(Exception):
    def __init__(self, code, reason, message):
        super().__init__(message)
        self.code = code
        self.body = {
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "code": code, "reason": reason, "message": message,
        }


class Cluster:
    """A cluster that runs these programs, by the name of their image; its
    administrators work in this namespace."""

    def __init__(self, directory, programs, namespace):
        self.namespace = namespace
        self.lock = threading.RLock()
        self.objects = {}
        self.applied = {}
        self.revision = 0
        self.kubelet = Kubelet(directory, programs)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (Api,), {"cluster": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.kubeconfig = directory / "kubeconfig"
        host, port = self.server.server_address
        self.kubeconfig.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": f"http://{host}:{port}"}}],
            "users": [{"name": "here", "user": {}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here", "namespace": namespace}}],
        }))

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.kubelet.close()

    # The objects.

    def find(self, resource, namespace, name):
        found = self.objects.get((resource, namespace, name))
        if found is None:
            raise Status(404, "NotFound", f'{resource} "{name}" not found')
        return found

    def list(self, resource, namespace, selector):
        wanted = [term.replace("==", "=").split("=") for term in selector.split(",") if term]
        return [
            item for (of, within, _), item in sorted(self.objects.items())
            if of == resource and namespace in (None, within)
            and all(item["metadata"].get("labels", {}).get(key) == value for key, value in wanted)
        ]

    def put(self, resource, namespace, item):
        name = item["metadata"]["name"]
        known = self.objects.get((resource, namespace, name))
        self.revision += 1
        if resource == "secrets":
            for key, value in item.pop("stringData", {}).items():
                item.setdefault("data", {})[key] = value
        item["metadata"] |= {
            "namespace": namespace,
            "uid": known["metadata"]["uid"] if known else str(uuid.uuid4()),
            "resourceVersion": str(self.revision),
            "creationTimestamp": "2026-06-01T00:00:00Z",
        }
        self.objects[resource, namespace, name] = item
        self.reconcile(resource, namespace, item)
        return item

    def patch(self, resource, namespace, name, kind, body, manager):
        known = self.objects.get((resource, namespace, name))
        if kind == "application/apply-patch+yaml":
            before = self.applied.get((resource, namespace, name, manager), {})
            self.applied[resource, namespace, name, manager] = copy.deepcopy(body)
            item = without(copy.deepcopy(known or {}), before, body)
            return self.put(resource, namespace, merged(item, body))
        item = copy.deepcopy(self.find(resource, namespace, name))
        if kind == "application/json-patch+json":
            for step in body:
                assert step["op"] in ("add", "replace"), step
                *path, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
                place = item
                for part in path:
                    place = place[part]
                if step["op"] == "replace" and last not in place:
                    raise Status(422, "Invalid", "the server rejected our request due to an error in our request")
                place[last] = step["value"]
        else:
            item = merged(item, body)
        return self.put(resource, namespace, item)

    def delete(self, resource, namespace, name):
        item = self.find(resource, namespace, name)
        del self.objects[resource, namespace, name]
        self.reconcile(resource, namespace, None, name)
        return item

    # What follows from them.

    def reconcile(self, resource, namespace, item, name=None):
        if resource == "secrets":
            self.kubelet.secrets_changed(namespace, self.secrets(namespace))
        if resource == "deployments":
            name = name or item["metadata"]["name"]
            pods = self.kubelet.run(name, namespace, item, self.secrets(namespace))
            for key in [key for key in self.objects if key[0] == "pods" and key[1] == namespace]:
                if self.objects[key]["metadata"]["ownerReferences"][0]["name"] == name:
                    del self.objects[key]
            for pod in pods:
                self.put("pods", namespace, pod.object())

    def secrets(self, namespace):
        return {
            name: item.get("data") or {}
            for (resource, within, name), item in self.objects.items()
            if resource == "secrets" and within == namespace
        }


def merged(item, changes):
    """RFC 7396: what a strategic merge patch is where only maps change."""
    if not isinstance(item, dict) or not isinstance(changes, dict):
        return changes
    item = dict(item)
    for key, value in changes.items():
        if key.startswith("$"):
            continue
        if value is None:
            item.pop(key, None)
        else:
            item[key] = merged(item.get(key), value)
    return item


def without(item, before, now):
    """What a manager applied before and no longer does is taken away."""
    for key, value in before.items():
        if key not in now:
            item.pop(key, None)
        elif isinstance(value, dict) and isinstance(item.get(key), dict):
            without(item[key], value, now[key])
    return item


def validates(version, base):
    """As much of an OpenAPI document as says that the server validates, so that
    clients do not."""
    group, _, number = f"/{version}".rpartition("/")
    paths = {}
    for name, kind in RESOURCES[version].items():
        paths[f"{base}/namespaces/{{namespace}}/{name}/{{name}}"] = {"patch": {
            "x-kubernetes-group-version-kind": {"group": group.strip("/"), "version": number, "kind": kind},
            "parameters": [{"name": name, "in": "query"} for name in ("fieldValidation", "fieldManager", "dryRun")],
            "responses": {},
        }}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1"}, "paths": paths}


class Api(BaseHTTPRequestHandler):
    cluster = None
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body, kind="application/json"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.headers["Content-Type"] == "application/vnd.kubernetes.protobuf":
            body = protobuf.secret(body)
        elif body:
            # JSON is YAML.
            body = yaml.safe_load(body)
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        try:
            with self.cluster.lock:
                code, body = self.result(url.path, query, body)
            if isinstance(body, bytes):
                self.answer(code, body, "text/plain")
            else:
                self.answer(code, body)
        except Status as status:
            self.answer(status.code, status.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def result(self, path, query, body):
        if path == "/version":
            return 200, {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
        if path == "/api":
            return 200, {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            version = {"groupVersion": "apps/v1", "version": "v1"}
            group = {"name": "apps", "versions": [version], "preferredVersion": version}
            return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
        if path == "/openapi/v2":
            # In protobuf, a document that tells of nothing.
            return 200, b""
        if path == "/openapi/v3":
            return 200, {"paths": {base[1:]: {"serverRelativeURL": f"/openapi/v3{base}"} for base in BASES.values()}}
        for version, base in BASES.items():
            if path == f"/openapi/v3{base}":
                return 200, validates(version, base)
            if path == base:
                verbs = ["create", "delete", "get", "list", "patch", "update"]
                resources = [
                    {"name": name, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": verbs}
                    for name, kind in RESOURCES[version].items()
                ]
                return 200, {"kind": "APIResourceList", "groupVersion": version, "resources": resources}
            if path.startswith(f"{base}/"):
                parts = path.removeprefix(f"{base}/").split("/")
                namespace = parts[1] if parts[0] == "namespaces" and len(parts) > 2 else None
                parts = parts[2:] if namespace else parts
                if parts[0] in RESOURCES[version]:
                    return self.resource(version, namespace, parts, query, body)
        raise Status(404, "NotFound", "the server could not find the requested resource")

    def resource(self, version, namespace, parts, query, body):
        cluster, resource, kind = self.cluster, parts[0], RESOURCES[version][parts[0]]
        whole = {"apiVersion": version, "kind": kind}
        if len(parts) == 1 and self.command == "GET":
            items = cluster.list(resource, namespace, query.get("labelSelector", ""))
            return 200, {"apiVersion": version, "kind": f"{kind}List", "metadata": {}, "items": items}
        if len(parts) == 1 and self.command == "POST":
            if (resource, namespace, body["metadata"]["name"]) in cluster.objects:
                raise Status(409, "AlreadyExists", f"{body['metadata']['name']} already exists")
            return 201, cluster.put(resource, namespace, whole | body)
        name = parts[1]
        if parts[2:] == ["log"]:
            lines = cluster.kubelet.pod(name).log().splitlines(keepends=True)
            return 200, "".join(lines[-int(query.get("tailLines", len(lines))) :]).encode()
        if self.command == "GET":
            return 200, cluster.find(resource, namespace, name)
        if self.command == "PUT":
            return 200, cluster.put(resource, namespace, whole | body)
        if self.command == "PATCH":
            manager = query.get("fieldManager", "")
            kind = self.headers["Content-Type"]
            return 200, cluster.patch(resource, namespace, name, kind, body, manager)
        if self.command == "DELETE":
            return 200, cluster.delete(resource, namespace, name)
        raise Status(405, "MethodNotAllowed", "not here")
