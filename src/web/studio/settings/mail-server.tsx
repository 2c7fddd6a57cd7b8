import { Button, TextInput } from "@mantine/core";
import { Sheet } from "../../ui/sheet.tsx";
import { Tag } from "../../ui/tag.tsx";
import { ActForm, useAct } from "./act-form.tsx";
import classes from "./settings.module.css";

/** Which mail server there is, how to set one up, and a test that shows what it says. */
export function MailServer(props: {
  host: string | null;
  from: string;
  settings: { env: string; description: string; accepts: string }[];
  to: string;
}) {
  const act = useAct("test");
  const { answer } = act;
  return (
    <>
      <Sheet title="Mail server" id="server" aside={props.host ? <Tag tone="good">set up</Tag> : <Tag>not set up</Tag>}>
        {props.host ? (
          <p>
            Through <code>{props.host}</code>, from <code>{props.from}</code>.
          </p>
        ) : (
          <p className={classes.words}>Mail is kept and nothing is lost. Set these variables and restart; what waits goes out then.</p>
        )}
        <details className={classes.more} open={!props.host}>
          <summary>How it is set up</summary>
          <dl className={classes.terms}>
            {props.settings.map((setting) => (
              <div key={setting.env}>
                <dt>
                  <code>{setting.env}</code>
                </dt>
                <dd className="quiet">
                  {setting.description} Accepts {setting.accepts}.
                </dd>
              </div>
            ))}
          </dl>
        </details>
      </Sheet>
      <Sheet title="Send a test" id="test">
        <ActForm act={act}>
          <TextInput label="To" name="to" type="email" defaultValue={props.to} autoComplete="email" error={act.error("to")} required />
          <Button type="submit" loading={act.busy}>
            Send a test mail
          </Button>
        </ActForm>
        {answer?.transcript ? (
          <div role="status" className={classes.more}>
            <p className={answer.ok ? undefined : classes.problem}>{answer.message}</p>
            {answer.transcript.length > 0 ? <pre className={classes.code}>{answer.transcript.join("\n")}</pre> : null}
          </div>
        ) : null}
      </Sheet>
    </>
  );
}
