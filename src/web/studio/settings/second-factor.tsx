import { Button, TextInput } from "@mantine/core";
import { CopyButton } from "../../ui/copy-button.tsx";
import { PasswordField } from "../../ui/password-field.tsx";
import { Sheet } from "../../ui/sheet.tsx";
import { Tag } from "../../ui/tag.tsx";
import { ActForm, useAct } from "./act-form.tsx";
import classes from "./settings.module.css";

/** The code of an app besides the password: set up, confirmed, taken off. */
export function SecondFactor({ isOn }: { isOn: boolean }) {
  return (
    <Sheet title="Second factor" id="second-factor" aside={isOn ? <Tag tone="good">on</Tag> : <Tag>off</Tag>}>
      {isOn ? <TurnOff /> : <TurnOn />}
    </Sheet>
  );
}

function TurnOn() {
  const begin = useAct("factor-begin");
  const given = begin.answer?.secondFactor;
  if (given) return <Confirm {...given} />;
  return (
    <ActForm act={begin}>
      <p className={classes.words}>
        An authenticator app on your phone shows a code that signing in asks for. A stolen password alone is then worth nothing.
      </p>
      <PasswordField label="Your password" name="password" autoComplete="current-password" error={begin.error("password")} required />
      <Button type="submit" loading={begin.busy}>
        Set up a second factor
      </Button>
    </ActForm>
  );
}

function Confirm({ uri, secret, backupCodes }: { uri: string; secret: string; backupCodes: string[] }) {
  const act = useAct("factor-confirm");
  return (
    <div className={classes.form}>
      <p>
        <b>1.</b> On the phone,{" "}
        <a className="link" href={uri}>
          open the authenticator app
        </a>
        , or add an account there by hand with this key:
      </p>
      <pre className={classes.code}>{secret.replace(/(.{4})(?=.)/g, "$1 ")}</pre>
      <details className={classes.more}>
        <summary>The whole address, for password managers</summary>
        <pre className={classes.code}>{uri}</pre>
      </details>
      <div className={classes.buttons}>
        <CopyButton value={secret} label="Copy the key" />
        <CopyButton value={uri} label="Copy the address" />
      </div>
      <p>
        <b>2.</b> Keep these codes where you keep what matters. Each lets you in once when the phone is lost. They are not shown again.
      </p>
      <pre className={classes.code}>{backupCodes.join("\n")}</pre>
      <CopyButton value={backupCodes.join("\n")} label="Copy the codes" />
      <ActForm act={act}>
        <TextInput
          label={<b>3. The code that the app shows now</b>}
          name="code"
          autoComplete="one-time-code"
          inputMode="numeric"
          error={act.error("code")}
          required
        />
        <Button type="submit" loading={act.busy}>
          Turn it on
        </Button>
      </ActForm>
    </div>
  );
}

function TurnOff() {
  const act = useAct("factor-end");
  return (
    <ActForm act={act}>
      <p className={classes.words}>Signing in asks for a code of your app, or for one of the backup codes.</p>
      <PasswordField label="Your password" name="password" autoComplete="current-password" error={act.error("password")} required />
      <Button type="submit" variant="default" loading={act.busy}>
        Turn it off
      </Button>
    </ActForm>
  );
}
