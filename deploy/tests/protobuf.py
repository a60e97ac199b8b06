"""Reads a Secret as kubectl sends one that it creates: in protobuf.

https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

import base64


def fields(data):
    """The numbers and the contents of a message's length-delimited fields."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        tag = number()
        length = number()
        if tag & 7 == 2:
            yield tag >> 3, data[at : at + length]
            at += length


def secret(data):
    """A Secret: what stands in k8s.io/api/core/v1/generated.proto of it."""
    envelope = dict(fields(data.removeprefix(b"k8s\0")))
    found = {"apiVersion": "v1", "kind": "Secret", "metadata": {}, "data": {}}
    for number, content in fields(envelope[2]):
        if number == 1:
            metadata = dict(fields(content))
            found["metadata"] = {"name": metadata[1].decode()}
        elif number == 2:
            entry = dict(fields(content))
            found["data"][entry[1].decode()] = base64.b64encode(entry.get(2, b"")).decode()
        elif number == 3:
            found["type"] = content.decode()
    kind = {number: text.decode() for number, text in fields(envelope[1])}
    assert kind == {1: "v1", 2: "Secret"}, kind
    return found
