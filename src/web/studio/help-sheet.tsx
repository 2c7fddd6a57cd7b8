import { Modal } from "@mantine/core";
import classes from "./help-sheet.module.css";
import { navigation } from "./nav.ts";

const everywhere: readonly (readonly [string, string])[] = [
  ["Ctrl K", "command palette (⌘ K on a Mac)"],
  ["/", "search"],
  ["j k", "next and previous row"],
  ["o", "open the row"],
  ["?", "this sheet"],
];

const triage: readonly (readonly [string, string])[] = [
  ["c", "confirm the signal"],
  ["x", "dismiss it"],
  ["1 … 5", "bug, request, friction, question, praise"],
];

/** All keys on one sheet, opened with `?`. */
export function HelpSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const goes = navigation.flatMap((group) => group.items.map((item) => [`g ${item.key}`, item.label] as const));
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" size="lg">
      <div className={classes.columns}>
        <KeyList title="Everywhere" keys={everywhere} />
        <KeyList title="Go to" keys={goes} />
        <KeyList title="In signals" keys={triage} />
      </div>
    </Modal>
  );
}

function KeyList({ title, keys }: { title: string; keys: readonly (readonly [string, string])[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl className={classes.list}>
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              {key.split(" ").map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
