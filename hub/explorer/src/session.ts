// What the hub gives the page to begin with: the questions, and in the demo its clients.

/** A client as READY shows it. */
export interface Client {
  client_id: string;
  client_secret: string;
  purposes: string[];
  about: string;
}

/** A question of docs/questions, with who asks it for what. */
export interface Question {
  name: string;
  titles: Record<string, string>;
  client: string;
  purpose: string;
  case: string;
  operator: string;
  document: string;
  variables: string;
}

export async function questions(): Promise<Question[]> {
  return (await given("/explorer/questions.json")).questions as Question[];
}

/** The demo's clients; nobody where the page says that the hub hands out none. */
export async function clients(): Promise<Client[]> {
  if (document.documentElement.dataset.session !== "given") return [];
  return (await given("/explorer/session.json")).clients as Client[];
}

async function given(path: string): Promise<Record<string, unknown>> {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}
