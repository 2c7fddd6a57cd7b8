import { expect, test } from "vitest";
import { eventually, open, phone, textOf } from "../browser.ts";
import { studio, visitAs, type World } from "../world.ts";
import { bringIn, drop } from "./sources.ts";

const wholeMs = 120_000;
const header = "nr,when,who,said,more";
const ideas = [
  header,
  "1,03/04/2024,Ann Reed,The gate is stuck,It was shut at noon",
  "2,05/06/2024,Bob Moss,Open it at night,",
  "3,soon,Cem Ash,Never,",
  "4,07/08/2024,Dee Fern",
].join("\n");

/** Any table: what its columns mean, looked at before it comes in, kept for the next file, changed afterwards. */
export function tableMappingJourney(world: World): void {
  test(
    "a table is told by its columns, looked at, brought in; bad rows are told before and after",
    () =>
      visitAs(world, "owner", async (page) => {
        await open(page, studio("sources/new"));
        await drop(page, { name: "ideas.csv", text: ideas });
        await page.getByRole("heading", { level: 1, name: "What do the columns of ideas.csv mean?" }).waitFor();
        await page.getByText("«when» holds times.").waitFor();
        const status = page.getByRole("status").filter({ hasText: "can come in" });
        expect(await textOf(status)).toBe("Of 4 rows, 2 can come in and 2 would be set aside.");

        await page.getByLabel("said", { exact: true }).selectOption({ label: "Title" });
        await page.getByLabel("who", { exact: true }).selectOption({ label: "Person: name" });
        await page.getByLabel("nr", { exact: true }).selectOption({ label: "Id" });
        const rows = page.getByRole("list", { name: "Rows as they will come in" }).getByRole("listitem");
        await eventually(() => textOf(rows.first())).toMatch(/The gate is stuck.*4 March 2024.*Ann Reed/s);

        // The rows do not tell day and month apart: without a choice it stays here.
        await page.getByRole("button", { name: "Bring in", exact: true }).click();
        expect(page.url()).toMatch(/bring-in/);
        await page.getByRole("radio", { name: /3 April 2024/ }).check();
        await eventually(() => textOf(rows.first())).toMatch(/3 April 2024/);
        const bad = page.getByRole("list", { name: "Rows that would be set aside" }).getByRole("listitem");
        expect(await textOf(bad.first())).toMatch(/when is «soon».*line 4/s);
        expect(await textOf(bad.last())).toMatch(/The row has 3 cells, and the header 5.*line 5/s);

        await bringIn(page);
        await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/);
        await page.getByText("2 threads · 2 activities").waitFor({ timeout: wholeMs });
        const aside = page.getByRole("list", { name: "Records set aside" }).getByRole("listitem");
        await eventually(async () => (await aside.allInnerTexts()).join()).toMatch(/ideas\.csv, line 4, when/);
        expect((await aside.allInnerTexts()).join()).toMatch(/ideas\.csv, line 5/);
      }),
    wholeMs * 2,
  );

  test(
    "the next file with the same header comes with what was said; on the source's page it is changed, and what is held is read anew",
    () =>
      visitAs(world, "owner", async (page) => {
        await open(page, studio("sources/new"));
        await drop(page, { name: "more.csv", text: `${header}\n5,09/10/2024,Eve Oak,Paint it green,As the reeds are\n` });
        await page.getByText("as it was said of the last file with this header").waitFor();
        await page.getByText("goes on in ideas").waitFor();
        expect(await page.getByLabel("said", { exact: true }).inputValue()).toBe("title");
        expect(await page.getByRole("radio", { name: /9 October 2024/ }).isChecked()).toBe(true);
        await bringIn(page);
        await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/);
        await page.getByText("3 threads · 3 activities").waitFor({ timeout: wholeMs });

        await page.getByRole("link", { name: "Columns" }).click();
        await page.getByLabel("more", { exact: true }).selectOption({ label: "Words" });
        await page.getByText("As the reeds are").last().waitFor();
        const posts: string[] = [];
        page.on("request", (request) => request.method() === "POST" && posts.push(request.postData() ?? ""));
        // Kept in the moment of the change: the look that would have followed is not sent, least of all to the next page.
        await page.getByRole("button", { name: "Keep and read anew" }).evaluate((button: HTMLButtonElement) => {
          button.form?.querySelector("select")?.dispatchEvent(new Event("change", { bubbles: true }));
          button.click();
        });
        await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/);
        const runs = page.getByRole("list", { name: "Runs" }).getByRole("listitem");
        await expect.poll(() => textOf(runs.first()), { timeout: wholeMs }).toMatch(/done.*read anew.*2 changed/s);
        expect(posts.map((body) => /intent=(\w+)/.exec(body)?.[1])).toEqual(["keep"]);
      }),
    wholeMs * 2,
  );

  test(
    "on a phone and by keyboard alone a table is told, and given up",
    () =>
      visitAs(
        world,
        "owner",
        async (page) => {
          await open(page, studio("sources/new"));
          await drop(page, { name: "other.csv", text: "id,date,text,words\n1,2024-01-01,a,b\n" });
          const column = page.getByLabel("words", { exact: true });
          await column.waitFor();
          await column.focus();
          await page.keyboard.type("Title");
          await eventually(() => column.inputValue()).toBe("title");
          const rows = page.getByRole("list", { name: "Rows as they will come in" }).getByRole("listitem");
          await eventually(() => textOf(rows.first())).toMatch(/^b\n/);
          await page.getByRole("button", { name: "Give it up" }).focus();
          await page.keyboard.press("Enter");
          await page.waitForURL(/\/sources\/new$/);
        },
        { viewport: phone },
      ),
    wholeMs,
  );

  test(
    "without JavaScript the same page looks again and brings in",
    async () => {
      let address = "";
      await visitAs(world, "owner", async (page) => {
        await open(page, studio("sources/new"));
        await drop(page, { name: "plain.csv", text: "id,date,text,plain\n1,2024-01-01,a,b\n" });
        await page.waitForURL(/bring-in/);
        address = page.url();
      });
      await visitAs(
        world,
        "owner",
        async (page) => {
          await page.goto(address);
          await page.getByLabel("plain", { exact: true }).selectOption("title");
          await page.getByRole("button", { name: "Look again" }).click();
          await page.getByText("The one row can come in.").waitFor();
          const rows = page.getByRole("list", { name: "Rows as they will come in" }).getByRole("listitem");
          expect(await textOf(rows.first())).toMatch(/^b\n/);
          expect(await page.getByLabel("plain", { exact: true }).inputValue()).toBe("title");
          await page.getByRole("button", { name: "Bring in", exact: true }).click();
          await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/);
        },
        { javaScript: false },
      );
    },
    wholeMs,
  );
}
