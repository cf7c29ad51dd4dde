/** A local server with prepared responses, which records the requests that it receives. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { Stint, type StintOptions } from "../src/index.js";

export const TOKEN = "secret-token-4711";
export const JSON_API = { "Content-Type": "application/vnd.api+json; charset=utf-8" };

export interface Seen {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
}

export type Reply = (response: ServerResponse) => void;

/** Answer with a JSON:API document. */
export function reply(status: number, document: object, headers: object = {}): Reply {
  return (response) => {
    response.writeHead(status, { ...JSON_API, ...headers });
    response.end(JSON.stringify(document));
  };
}

export function refuse(status: number, code: string, headers: object = {}): Reply {
  const error = { status: String(status), code, title: "Title", detail: `what is ${code}`, source: {} };
  return reply(status, { errors: [error] }, headers);
}

/** Close the connection without a response. */
export const reset: Reply = (response) => response.destroy();

/** Begin a response, and close the connection in the middle of its body. */
export const cut: Reply = (response) => {
  response.writeHead(200, { ...JSON_API, "Content-Length": "1000" });
  response.write('{"data": ');
  setTimeout(() => response.destroy(), 20);
};

export const TIMER = {
  id: "9007199254740991",
  type: "timers",
  attributes: {
    person_id: 9007199254740991,
    started_at: "2026-03-02T09:00:00.000+01:00",
    stopped_at: null,
    total_time: 0,
  },
  relationships: {},
};

/** Start a server that gives the replies in this order, and a client of it that records its waits. */
export async function scripted(
  test: TestContext,
  replies: Reply[],
  options: Partial<StintOptions> = {},
): Promise<{ stint: Stint; seen: Seen[]; waits: number[]; port: number }> {
  const seen: Seen[] = [];
  const waits: number[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      const url = new URL(request.url!, "http://127.0.0.1");
      seen.push({ method: request.method!, url, headers: request.headers, body });
      const next = replies[seen.length - 1];
      if (next) next(response);
      else response.writeHead(418).end("no reply is prepared");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const stint = new Stint({
    baseUrl: `http://127.0.0.1:${port}/api/v2`,
    token: TOKEN,
    organizationId: "2149",
    sleep: async (seconds) => void waits.push(seconds),
    ...options,
  });
  return { stint, seen, waits, port };
}
