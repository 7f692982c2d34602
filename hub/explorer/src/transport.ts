// How questions leave the page: HTTP for queries and mutations, one WebSocket for subscriptions.
import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { type DocumentNode, getOperationAST, parse } from "graphql";
import { type Client as Socket, createClient } from "graphql-ws";
import type { Credentials } from "./identity";

const ACCEPT = "application/graphql-response+json, application/json";
const PATH = "/graphql";

/** The socket for subscriptions: it takes new credentials each time it connects. */
export function socketFor(credentials: Credentials): Socket {
  const url = new URL(PATH, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return createClient({ url: url.href, connectionParams: () => credentials.payload() });
}

/** A fetcher for GraphiQL. What its headers editor says wins over what the panel says. */
export function fetcherFor(credentials: Credentials, socket: Socket): Fetcher {
  const send: typeof fetch = async (input, init) => {
    const said = new Headers({ Accept: ACCEPT, ...(await credentials.headers()) });
    new Headers(init?.headers).forEach((value, name) => said.set(name, value));
    return fetch(input, { ...init, headers: said });
  };
  const fetcher = createGraphiQLFetcher({ url: PATH, fetch: send, wsClient: socket, enableIncrementalDelivery: false });
  return ({ operationName, ...rest }, options) => {
    // GraphiQL looks at the document a moment after it was written: who runs it at once must not be taken for before.
    const documentAST = parsed(rest.query);
    const named = documentAST === undefined || getOperationAST(documentAST, operationName) !== null;
    return fetcher(named ? { operationName, ...rest } : rest, { ...options, documentAST });
  };
}

function parsed(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined; // the hub says what is wrong with it
  }
}
