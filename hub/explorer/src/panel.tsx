// The panel beside the editors: who asks, for what, and the questions at hand.
import { useEditorContext } from "@graphiql/react";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import type { Identity } from "./identity";
import type { Client, Question } from "./session";
import { titleOf, words } from "./words";

/** What the page hands to its panel. */
export interface PanelState {
  clients: Client[];
  questions: Question[];
  identity: Identity;
  change(part: Partial<Identity>): void;
}

export const PanelContext = createContext<PanelState | null>(null);

/** Who asks this question: its own client and purpose; nobody else than before where the hub does not hand that client out. */
export function askedBy(question: Question, clients: Client[]): Partial<Identity> {
  const client = clients.find((one) => one.client_id === question.client);
  const purpose = { code: question.purpose, case: question.case, operator: question.operator };
  if (client !== undefined) return { client, ...purpose };
  return clients.length > 0 ? {} : purpose;
}

function usePanel(): PanelState {
  const state = useContext(PanelContext);
  if (state === null) throw new Error("the panel stands outside its page");
  return state;
}

export function Panel() {
  const { clients } = usePanel();
  return (
    <aside className="hub-panel graphiql-container" aria-label={words.panel}>
      <h2>{words.access}</h2>
      {clients.length > 0 ? <ClientField /> : <TokenField />}
      <PurposeField />
      <TextField label={words.case} name="case" />
      <TextField label={words.operator} name="operator" />
      <h2>{words.questions}</h2>
      <Questions />
    </aside>
  );
}

function Field({ label, hint, children }: { label: string; hint?: string; children: ReactNode }) {
  return (
    <label>
      <span>{label}</span>
      {children}
      {hint && <small>{hint}</small>}
    </label>
  );
}

function ClientField() {
  const { clients, identity, change } = usePanel();
  const choose = (id: string) => {
    const client = clients.find((one) => one.client_id === id);
    change({ client, code: client?.purposes[0] ?? "" });
  };
  return (
    <Field label={words.client} hint={identity.client?.about}>
      <select name="client" value={identity.client?.client_id} onChange={(event) => choose(event.target.value)}>
        {clients.map((one) => (
          <option key={one.client_id}>{one.client_id}</option>
        ))}
      </select>
    </Field>
  );
}

function PurposeField() {
  const { identity, change } = usePanel();
  if (identity.client === undefined) return <TextField label={words.purpose} name="code" />;
  return (
    <Field label={words.purpose}>
      <select name="code" value={identity.code} onChange={(event) => change({ code: event.target.value })}>
        <option value="">{words.noPurpose}</option>
        {identity.client.purposes.map((code) => (
          <option key={code}>{code}</option>
        ))}
      </select>
    </Field>
  );
}

/** Takes effect when it is left, not with every key: a change makes a running subscription connect anew. */
function TextField({ label, name, hint }: { label: string; name: "code" | "case" | "operator"; hint?: string }) {
  const { identity, change } = usePanel();
  return (
    <Field label={label} hint={hint}>
      <input
        name={name}
        key={identity[name]}
        defaultValue={identity[name]}
        autoComplete="off"
        onBlur={(event) => event.target.value !== identity[name] && change({ [name]: event.target.value })}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
    </Field>
  );
}

function TokenField() {
  const { change } = usePanel();
  return (
    <Field label={words.token} hint={words.tokenHint}>
      <textarea name="token" rows={4} spellCheck={false} onBlur={(event) => change({ token: event.target.value })} />
    </Field>
  );
}

function Questions() {
  const { questions } = usePanel();
  const open = useOpenQuestion();
  useFirst(questions[0], open);
  if (questions.length === 0) return <p>{words.none}</p>;
  return (
    <ol>
      {questions.map((one) => (
        <li key={one.name}>
          <button type="button" data-question={one.name} onClick={() => open(one)}>
            {titleOf(one.titles, one.name)}
          </button>
        </li>
      ))}
    </ol>
  );
}

/** Whether there is nothing in the editor but comments, as in GraphiQL's own greeting. */
function asksNothing(editor: { getValue(): string } | null): boolean {
  return editor === null || editor.getValue().replaceAll(/#.*/g, "").trim() === "";
}

/** Opens a question in a tab of its own, or the tab that holds it, as the one who asks it. */
function useOpenQuestion(): (question: Question) => void {
  const { clients, change } = usePanel();
  const { tabs, changeTab, addTab, queryEditor, variableEditor } = useEditorContext({ nonNull: true });
  const [opening, setOpening] = useState<Question | null>(null);
  useEffect(() => {
    if (opening === null) return;
    queryEditor?.setValue(opening.document);
    variableEditor?.setValue(opening.variables);
    setOpening(null);
  }, [opening, queryEditor, variableEditor]);
  return (question) => {
    change(askedBy(question, clients));
    const open = tabs.findIndex((tab) => tab.query === question.document);
    if (open >= 0) return changeTab(open);
    if (!asksNothing(queryEditor)) addTab();
    setOpening(question);
  };
}

/** Opens the first question where nothing stands in the editor when the page begins. */
function useFirst(question: Question | undefined, open: (question: Question) => void) {
  const { queryEditor, variableEditor } = useEditorContext({ nonNull: true });
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current || queryEditor === null || variableEditor === null) return;
    begun.current = true;
    if (question !== undefined && asksNothing(queryEditor)) open(question);
  });
}
