// The explorer's page: GraphiQL over this hub, with the panel that says who asks.
import { DOC_EXPLORER_PLUGIN, DocExplorerContextProvider } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryContextProvider } from "@graphiql/plugin-history";
import { GraphiQLProvider } from "@graphiql/react";
import { GraphiQL, GraphiQLInterface } from "graphiql";
import { StrictMode, useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { Credentials, type Identity, NOBODY } from "./identity";
import { Panel, PanelContext } from "./panel";
import { type Client, clients, type Question, questions } from "./session";
import { fetcherFor, socketFor } from "./transport";
import { language, words } from "./words";
import "graphiql/style.css";
import "./page.css";

const PLUGINS = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];

function Explorer({ clients, questions }: { clients: Client[]; questions: Question[] }) {
  const [identity, setIdentity] = useState<Identity>(() => ({ ...NOBODY, client: clients[0], code: clients[0]?.purposes[0] ?? "" }));
  const credentials = useMemo(() => new Credentials(identity), []);
  const socket = useMemo(() => socketFor(credentials), [credentials]);
  // A new fetcher makes GraphiQL read the schema again, as whoever asks now.
  const fetcher = useMemo(() => fetcherFor(credentials, socket), [credentials, socket, identity.client, identity.token]);
  const change = (part: Partial<Identity>) => {
    credentials.identity = { ...credentials.identity, ...part };
    setIdentity(credentials.identity);
    socket.terminate(); // it connects again, with what is declared now, if a subscription is running
  };
  return (
    <PanelContext.Provider value={{ clients, questions, identity, change }}>
      <GraphiQLProvider
        fetcher={fetcher}
        schema={credentials.authorized ? undefined : null}
        plugins={PLUGINS}
        referencePlugin={DOC_EXPLORER_PLUGIN}
        storage={sessionStorage} // variables name people: they go when the tab is closed
        inputValueDeprecation
      >
        <HistoryContextProvider>
          <DocExplorerContextProvider>
            <Panel />
            <GraphiQLInterface showPersistHeadersSettings={false} defaultEditorToolsVisibility="variables">
              <GraphiQL.Logo>Tongshu 通数</GraphiQL.Logo>
            </GraphiQLInterface>
          </DocExplorerContextProvider>
        </HistoryContextProvider>
      </GraphiQLProvider>
    </PanelContext.Provider>
  );
}

function Failed({ error }: { error: unknown }) {
  return <p className="hub-failed">{`${words.failed}: ${error}`}</p>;
}

function Page() {
  const [given, setGiven] = useState<[Client[], Question[]] | undefined>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    Promise.all([clients(), questions()]).then(setGiven, setError);
  }, []);
  if (error !== undefined) return <Failed error={error} />;
  return given && <Explorer clients={given[0]} questions={given[1]} />;
}

declare global {
  /** Where the dialogs' scroll lock looks for the nonce of the style element that it writes. */
  var __webpack_nonce__: string | undefined;
}

globalThis.__webpack_nonce__ = document.documentElement.dataset.nonce;
document.documentElement.lang = language;
createRoot(document.getElementById("explorer") as HTMLElement).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
