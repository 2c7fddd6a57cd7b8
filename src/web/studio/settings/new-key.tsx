import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import type { Scope } from "#features/access/index.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Sheet } from "../../ui/sheet.tsx";
import { ActForm, useAct } from "./act-form.tsx";
import classes from "./settings.module.css";
import { ShownOnce } from "./shown-once.tsx";

const scopeWords: Record<Scope, string> = {
  read: "What you see in the Studio: threads, members, signals, metrics.",
  write: "Change it: judge signals, answer, link people. Includes read.",
  import: "Send in files and records, and nothing else. For advocates and up.",
  export: "Take out whole lists as files. Includes read.",
  admin: "Everything, with team, keys and settings. For owners and admins.",
};

const spans = [
  { value: "30", label: "in 30 days" },
  { value: "90", label: "in 90 days" },
  { value: "365", label: "in a year" },
  { value: "never", label: "never" },
];

/** The form that makes a key, and the key, this once. */
export function NewKey({ scopes, api }: { scopes: readonly Scope[]; api: string }) {
  const act = useAct("create");
  const made = act.answer?.made;
  const problem = act.error("scopes");
  return (
    <Sheet title="Make a key" id="new-key">
      <ActForm act={act} clears>
        <TextInput
          label="Name"
          description="After the program that uses it."
          placeholder="Weekly report"
          name="name"
          maxLength={80}
          autoComplete="off"
          error={act.error("name")}
          required
        />
        <fieldset className={classes.choices} aria-describedby={problem ? "scopes-problem" : undefined}>
          <legend>What it may do</legend>
          {scopes.map((scope) => (
            <Checkbox key={scope} name="scopes" value={scope} label={scope} description={scopeWords[scope]} defaultChecked={scope === "read"} />
          ))}
          {problem ? (
            <span className={classes.problem} id="scopes-problem">
              {problem}
            </span>
          ) : null}
        </fieldset>
        <NativeSelect label="Expires" name="expiresInDays" defaultValue="90" data={spans} error={act.error("expiresInDays")} />
        <Button type="submit" loading={act.busy}>
          Make the key
        </Button>
      </ActForm>
      {made ? (
        <ShownOnce title="Your key. It is shown only now: put it where the program finds it." secret={made.key} copy="Copy the key">
          <span>Try it:</span>
          <pre className={classes.code}>{exampleOf(made, api)}</pre>
          <CopyButton value={exampleOf(made, api)} label="Copy the command" />
        </ShownOnce>
      ) : null}
    </Sheet>
  );
}

/** A call that this very key may make. */
function exampleOf({ key, scopes }: { key: string; scopes: readonly string[] }, api: string): string {
  const header = `-H "Authorization: Bearer ${key}"`;
  return scopes.some((scope) => scope !== "import")
    ? `curl ${header} "${api}/threads?limit=5"`
    : `curl ${header} --data-binary @export.json "${api}/imports?fileName=export.json"`;
}
