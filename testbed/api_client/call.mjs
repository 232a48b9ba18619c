// The official TypeScript client, driven by lines of JSON on stdin; one line of JSON answers each. The first argument is
// the base URL, the token stands in CLOUDFLARE_API_TOKEN.
import { createInterface } from "node:readline";
import Cloudflare, { APIError } from "cloudflare";

let text = "";
const client = new Cloudflare({
  baseURL: process.argv[2],
  maxRetries: 0,
  fetch: async (url, init) => {
    const response = await fetch(url, init);
    text = await response.clone().text();
    return response;
  },
});

function methods() {
  const found = [];
  for (const [group, resource] of Object.entries(client.realtimeKit)) {
    if (group.startsWith("_")) continue;
    for (let proto = Object.getPrototypeOf(resource); proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
      for (const name of Object.getOwnPropertyNames(proto)) {
        if (name !== "constructor" && !name.startsWith("_")) found.push(`${group}.${name}`);
      }
    }
  }
  return [...new Set(found)];
}

async function call({ method, ids, params }) {
  const [group, name] = method.split(".");
  try {
    await client.realtimeKit[group][name](...ids, params);
    return { text };
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    return { refused: { kind: error.constructor.name, status: error.status, message: error.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  console.log(JSON.stringify(told.what === "methods" ? methods() : await call(told)));
}
