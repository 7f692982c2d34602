// Who asks: one of the demo's clients or a pasted token, and the purpose. Tokens are renewed before they expire.
import { headerOf, type Purpose } from "./purpose";
import type { Client } from "./session";

/** Who asks, for what. Without a client the pasted token speaks. */
export interface Identity extends Purpose {
  client: Client | undefined;
  token: string;
}

export const NOBODY: Identity = { client: undefined, token: "", code: "", case: "", operator: "" };
const EARLY_MS = 30_000;

/** The token of one client, taken when it is needed and again shortly before it expires. */
class ClientCredentials {
  private token = "";
  private until = 0;

  constructor(private readonly client: Client) {}

  async current(): Promise<string> {
    if (Date.now() > this.until) await this.renew();
    return this.token;
  }

  private async renew(): Promise<void> {
    const basic = btoa(`${this.client.client_id}:${this.client.client_secret}`);
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const answer = await fetch("/oauth/token", { method: "POST", headers: { Authorization: `Basic ${basic}` }, body });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error_description ?? said.error ?? `/oauth/token: ${answer.status}`);
    this.token = said.access_token;
    this.until = Date.now() + said.expires_in * 1000 - EARLY_MS;
  }
}

/** What the requests of the page say of who asks, at the time they are made. */
export class Credentials {
  private readonly taken = new Map<Client, ClientCredentials>();

  constructor(public identity: Identity) {}

  get authorized(): boolean {
    return this.identity.client !== undefined || this.identity.token !== "";
  }

  /** HTTP headers. */
  async headers(): Promise<Record<string, string>> {
    const { authorization, purpose } = await this.payload();
    return { Authorization: authorization, ...(purpose === undefined ? {} : { "Hub-Purpose": purpose }) };
  }

  /** The payload of a WebSocket's connection. */
  async payload(): Promise<{ authorization: string; purpose?: string }> {
    const purpose = headerOf(this.identity);
    return { authorization: `Bearer ${await this.bearer()}`, ...(purpose === undefined ? {} : { purpose }) };
  }

  private bearer(): Promise<string> | string {
    const { client, token } = this.identity;
    if (client === undefined) return token.trim();
    const taken = this.taken.get(client) ?? new ClientCredentials(client);
    this.taken.set(client, taken);
    return taken.current();
  }
}
