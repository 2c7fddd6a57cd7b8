import { Link } from "react-router";
import type { JobState, QueueCount } from "#core/job-list.ts";
import { formatNumber } from "../../ui/format.ts";
import { Sheet } from "../../ui/sheet.tsx";
import { DataTable } from "../../ui/table.tsx";

const columns: readonly { label: string; state: JobState }[] = [
  { label: "Waiting", state: "created" },
  { label: "Again", state: "retry" },
  { label: "Running", state: "active" },
  { label: "Done", state: "completed" },
  { label: "Failed", state: "failed" },
];

/** How many jobs of each kind stand where; each number leads to them. */
export function QueueTable(props: { queues: { name: string; title: string; isRegular: boolean }[]; counts: readonly QueueCount[]; here: string }) {
  const countOf = (name: string, state: JobState) => props.counts.find((one) => one.name === name && one.state === state)?.n ?? 0;
  return (
    <Sheet title="The queues" id="queues" aside="of the last two weeks">
      <DataTable label="Jobs by queue and state" head={[{ label: "Work" }, ...columns.map(({ label }) => ({ label, number: true }))]}>
        {props.queues.map((queue) => (
          <tr key={queue.name}>
            <th scope="row">
              {queue.title} {queue.isRegular ? <small>regularly</small> : null}
            </th>
            {columns.map(({ label, state }) => {
              const n = countOf(queue.name, state);
              return (
                <td key={label} data-number>
                  {n === 0 ? (
                    <span className="quiet">0</span>
                  ) : (
                    <Link className="link" to={`${props.here}?name=${queue.name}&state=${state}`}>
                      {formatNumber(n)}
                    </Link>
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </DataTable>
    </Sheet>
  );
}
