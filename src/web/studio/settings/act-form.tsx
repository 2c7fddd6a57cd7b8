import { useEffect, useRef } from "react";
import { type FetcherWithComponents, useActionData, useFetcher } from "react-router";
import { useToast } from "../../ui/toast.ts";
import classes from "./settings.module.css";

/** What a form of the settings answers: said in passing, or a problem by field. The rest is shown once and never again. */
export interface ActAnswer {
  ok: boolean;
  intent?: string;
  message?: string;
  fields?: Record<string, string>;
  /** A new API key, with what it may do. */
  made?: { key: string; scopes: string[] };
  /** An invitation's address. */
  link?: string;
  /** What the authenticator app needs, and the codes for the day it is lost. */
  secondFactor?: { uri: string; secret: string; backupCodes: string[] };
  /** What the mail server said. */
  transcript?: string[];
}

export interface Act {
  intent: string;
  fetcher: FetcherWithComponents<ActAnswer>;
  answer: ActAnswer | undefined;
  busy: boolean;
  /** What is wrong with a field. */
  error(field: string): string | undefined;
}

/** One thing that can be done on a page; its outcome is shown as a toast or by field. */
export function useAct(intent: string): Act {
  const fetcher = useFetcher<ActAnswer>();
  // A form that was sent before the page's script ran came back as a page with the answer in it.
  const sent = useActionData<ActAnswer>();
  const answer = fetcher.data ?? (sent?.intent === intent ? sent : undefined);
  // A transcript stands on the page with its outcome above it.
  useToast(answer?.transcript ? undefined : answer);
  return { intent, fetcher, answer, busy: fetcher.state !== "idle", error: (field) => answer?.fields?.[field] };
}

/**
 * The form of an act.
 * @param fields sent along unseen
 * @param clears whether the form is empty again when the act succeeded
 */
export function ActForm(props: { act: Act; fields?: Record<string, string>; className?: string; clears?: boolean; children: React.ReactNode }) {
  const { act, clears } = props;
  const form = useRef<HTMLFormElement>(null);
  const { data } = act.fetcher;
  useEffect(() => {
    if (!data) return;
    if (data.ok && clears) form.current?.reset();
    if (!data.ok) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [data, clears]);
  return (
    <act.fetcher.Form method="post" ref={form} className={props.className ?? classes.form}>
      <input type="hidden" name="intent" value={act.intent} />
      {Object.entries(props.fields ?? {}).map(([name, value]) => (
        <input type="hidden" key={name} name={name} value={value} />
      ))}
      {props.children}
      <span role="alert" className="visually-hidden">
        {Object.values(act.answer?.fields ?? {}).join(" ")}
      </span>
    </act.fetcher.Form>
  );
}
