// Calls the example from a page, as connect-web does. Bundled by clients.mjs.
import { createFileRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

const bytes = (base64) => Uint8Array.from(atob(base64), (it) => it.charCodeAt(0));

/** One call; each item of a stream is given to `window.seen`. */
window.call = async (base, descriptors, method, request) => {
  const files = fromBinary(FileDescriptorSetSchema, bytes(descriptors));
  const registry = createFileRegistry(files);
  const json = (message) => toJson(registry.getMessage(message.$typeName), message);
  const service = registry.getService('reports.v1.Reports');
  const client = createClient(service, createGrpcWebTransport({ baseUrl: base }));
  try {
    const answer = client[method.toLowerCase()](request);
    if (method !== 'Watch') return { code: 'OK', answer: json(await answer) };
    for await (const item of answer) await window.seen(json(item));
    return { code: 'OK' };
  } catch (error) {
    const told = ConnectError.from(error);
    const code = Code[told.code].replace(/\B[A-Z]/g, '_$&').toUpperCase();
    const details = told.findDetails(registry);
    const named = details.map((it) => [it.$typeName.replace('google.rpc.', ''), json(it)]);
    return { code, message: told.rawMessage, ...Object.fromEntries(named) };
  }
};
