import { describe, expect, it } from "vitest";
import { parseMailDate } from "./parse-date.ts";
import { decodeWords, parseHeaders, readMessageIds } from "./parse-headers.ts";
import { readBody } from "./read-body.ts";
import { readSender } from "./read-sender.ts";
import { readSubject } from "./read-subject.ts";

const sender = (headers: string, fromLine = "From nobody") => readSender(parseHeaders(`${headers}\n\n`), fromLine, "mbox:tide");
const body = (mail: string | Buffer) => {
  const text = typeof mail === "string" ? mail : mail.toString("latin1");
  return readBody(parseHeaders(text), text);
};

describe("dates of mails", () => {
  it.each([
    ["Mon, 05 Jan 2026 11:00:00 +0100", "2026-01-05T10:00:00.000Z"],
    ["5 Jan 2026 11:00 +0100 (CET)", "2026-01-05T10:00:00.000Z"],
    ["Wed, 21 Sep 2016 22:42:07 +0200 CEST", "2016-09-21T20:42:07.000Z"],
    ["RANDOM_Wed, 21 Sep 2016 22:42:07 +0300", "2016-09-21T19:42:07.000Z"],
    ["Tue, 06 Sep 2011 20:00:00 +51800", "2011-09-06T20:00:00.000Z"],
    ["Mon, 5 Jan 2026 00.24.50", "2026-01-05T00:24:50.000Z"],
    ["Mon, 5 Jan 2026 10:00:00", "2026-01-05T10:00:00.000Z"],
    ["Mon, 5 Jan 98 10:00:00 EST", "1998-01-05T15:00:00.000Z"],
    ["Mon, 5 Jan 05 10:00:00 GMT", "2005-01-05T10:00:00.000Z"],
    ["Sat, 1 Jan 100 10:00:00 GMT", "2000-01-01T10:00:00.000Z"],
    ["Mon, 5 Jan 2026 1:00:00 PM PST", "2026-01-05T21:00:00.000Z"],
    ["Wed Dec  1 08:26:40 2010", "2010-12-01T08:26:40.000Z"],
    ["Wed Dec  1 08:26:40 PST 2010", "2010-12-01T16:26:40.000Z"],
    ["2026-01-05T10:00:00.123+01:00", "2026-01-05T09:00:00.000Z"],
    ["2026-01-05 10:00:00", "2026-01-05T10:00:00.000Z"],
    ["Mo, 05-Mai-2014 10:00:00 +0200", "2014-05-05T08:00:00.000Z"],
    ["Mon, 31 Dec 1969 23:00:00 +0000", undefined],
    ["Mon, 5 Jan 2999 10:00:00 +0000", undefined],
    ["Mon, 45 Jan 2026 10:00:00 +0000", undefined],
    ["Mon, 5 Foo 2026 10:00:00 +0000", undefined],
    ["Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06.000Z"],
    ["yesterday", undefined],
    ["", undefined],
  ])("reads %j", (text, expected) => {
    expect(parseMailDate(text)?.toISOString()).toBe(expected);
  });
});

describe("senders of mails", () => {
  it.each([
    ["From: goran at domain.com (=?ISO-8859-1?Q?N=E4guq?=)", "email:goran@domain.com", "Näguq"],
    ['From: "Quay, Jo" <JO@Example.org>', "email:jo@example.org", "Quay, Jo"],
    ["From: =?utf-8?Q?Quay=2C_Jo?= <jo@example.org>", "email:jo@example.org", "Quay, Jo"],
    ["From: M\u00fcller <m@example.org>", "email:m@example.org", "Müller"],
    ["From: M\u00c3\u00bcller <m@example.org>", "email:m@example.org", "Müller"],
    ["From: jo@example.org, sam@example.org", "email:jo@example.org", undefined],
    ["From: Jo <4242+jo@users.noreply.github.com>", "github:id:4242", "Jo"],
    ["From: Jo <noreply@example.org>", "mbox:tide:noreply@example.org#jo", "Jo"],
    ["From: 'Jo' via Tide <tide@googlegroups.com>\nX-Original-From: Jo <jo@example.org>", "email:jo@example.org", "Jo"],
    [
      "From: Jo via tide <tide@lists.example.org>\nReply-To: tide@lists.example.org, Jo Q <jo@example.org>\nList-Post: <mailto:tide@lists.example.org>",
      "email:jo@example.org",
      "Jo Q",
    ],
    [
      "From: Jo via tide <tide@lists.example.org>\nReply-To: tide@lists.example.org\nList-Id: <tide.lists.example.org>",
      "mbox:tide:tide@lists.example.org#jo",
      "Jo",
    ],
    ["From: Jo via Rail <jo@example.org>", "email:jo@example.org", "Jo via Rail"],
    ["Subject: x\nSender: jo@example.org", "email:jo@example.org", undefined],
  ])("reads %j", (headers, key, name) => {
    const found = sender(headers);
    expect(found).toMatchObject({ identity: {} });
    if (!("identity" in found)) return;
    expect(`${found.identity.platform}:${found.identity.externalId}`).toBe(key);
    expect(found.identity.displayName).toBe(name);
  });

  it("falls back to the «From » line, and names nobody where nothing does", () => {
    expect(sender("Subject: x", "From jo at example.org  Mon Jan  5 10:00:00 2026")).toMatchObject({ identity: { externalId: "jo@example.org" } });
    expect(sender("Subject: x", "From nobody Mon Jan  5 10:00:00 2026")).toEqual({ unattributed: "no sender" });
    expect(sender("From: <>")).toEqual({ unattributed: "no sender" });
  });

  it("marks mailboxes of software as bots, with the reason", () => {
    expect(sender("From: MAILER-DAEMON@example.org")).toMatchObject({
      identity: { kind: { value: "bot", reason: expect.stringContaining("mailer-daemon@example.org") } },
    });
    expect(sender("From: Build <no-reply@example.org>")).toMatchObject({ identity: { kind: { value: "bot" } } });
    expect(sender("From: Jo <jo@example.org>")).not.toMatchObject({ identity: { kind: {} } });
  });
});

describe("words of mails", () => {
  it.each([
    ["=?UTF-8?Q?a=C3=A4?=", "aä"],
    ["=?UTF-8?B?8J+YgA==?= =?UTF-8?Q?_b?=", "😀 b"],
    ["=?utf-8?q?a b?=", "a b"],
    ["=?utf-8?B?8J+YgA", "=?utf-8?B?8J+YgA"],
    ["=?UTF-8?Q?Duk=eda_=C3=A4?= =?x-odd?Q?=E4?=", "Dukía Ã¤ä"],
    ["=?ISO-2022-JP?B?GyRCMEYbKEI=?=", "案"],
    ["=?gb2312?B?1tDOxA==?=", "中文"],
    ["caf\u00e9", "café"],
    ["caf\u00c3\u00a9", "café"],
  ])("decodes %j", (raw, text) => {
    expect(decodeWords(raw)).toBe(text);
  });

  it.each([
    ["utf-8", Buffer.from("Grüße", "utf8"), "Grüße"],
    ["utf-8", Buffer.from("Grüße", "latin1"), "Grüße"],
    ["us-ascii", Buffer.from("Grüße", "utf8"), "Grüße"],
    ["x-unknown", Buffer.from("Grüße", "latin1"), "Grüße"],
    ["nonsense-8", Buffer.from("Grüße", "utf8"), "Grüße"],
    ["windows-1251", Buffer.from([0xcf, 0xf0]), "Пр"],
    ["koi8-r", Buffer.from([0xf0, 0xd2]), "Пр"],
    ["shift_jis", Buffer.from([0x88, 0xc4]), "案"],
    ["iso-8859-8-i", Buffer.from([0xf9]), "ש"],
  ])("reads a body in %s", (charset, bytes, text) => {
    expect(body(Buffer.concat([Buffer.from(`Content-Type: text/plain; charset="${charset}"\n\n`), bytes])).text).toBe(text);
  });

  it("takes plain text before HTML, and HTML as text where there is nothing else", () => {
    const parts = (...inner: string[]) =>
      `Content-Type: multipart/alternative; boundary=x\n\n${inner.map((part) => `--x\n${part}\n`).join("")}--x--\n`;
    expect(body(parts("Content-Type: text/html\n\n<p>html</p>", "Content-Type: text/plain\n\nplain")).text).toBe("plain");
    expect(body(parts("Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<p>a</p><script>x()</script><p>b &amp; c</p>")).text).toBe(
      "a\n\nb & c",
    );
    expect(body("Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGI+aGk8L2I+\n").text).toBe("hi");
  });

  it("names what is attached and reads on in broken multiparts", () => {
    const open =
      'Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nwords\n--x\nContent-Type: application/pdf; name*0="long "; name*1=name.pdf\n\nJVBERi0=\n--x\nContent-Type: message/rfc822\n\nSubject: forwarded\n\ninner\n--x\nContent-Type: text/x-diff; name=a.patch\n\n+a\n';
    expect(body(open)).toEqual({ text: "words", attachments: ["long name.pdf", "forwarded", "a.patch"] });
    expect(body("Content-Type: multipart/mixed; boundary=never\n\njust words").text).toBe("just words");
    expect(body("Content-Type: multipart/mixed\n\njust words").text).toBe("just words");
    expect(body("Content-Type: ;;;\n\njust words").text).toBe("just words");
  });

  it("reads hostile mails in no time", () => {
    const started = performance.now();
    const long = 200_000;
    sender(`From: ${"a".repeat(long)}`);
    sender(`From: ${"<".repeat(long)}`);
    sender(`From: ${"a at ".repeat(long / 5)}`);
    body(`Content-Transfer-Encoding: quoted-printable\n\n${" ".repeat(long)}x`);
    body(`Content-Type: text/html\n\n${"<div>".repeat(long / 5)}`);
    body(`Content-Type: text/html\n\n${"<".repeat(long)}`);
    readSubject("[a]".repeat(600));
    parseMailDate("1 ".repeat(long));
    readMessageIds("<a".repeat(long));
    decodeWords("=?".repeat(long));
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("undoes flowed lines and the mark before «From »", () => {
    expect(body("Content-Type: text/plain; format=flowed\n\none \ntwo\nthree").text).toBe("one two\nthree");
    expect(body("Subject: x\n\n>From here\n>>From there").text).toBe("From here\n>From there");
  });

  it.each([
    ["Re: [tide] AW: Re[2]: Hello", { title: "[tide] Hello", key: "hello", isReply: true }],
    ["[tide] Hello", { title: "[tide] Hello", key: "hello", isReply: false }],
    ["[PATCH 1/3] fix: tides", { title: "[PATCH 1/3] fix: tides", key: "fix: tides", isReply: false }],
    ["Fwd: Hello", { title: "Fwd: Hello", key: "fwd: hello", isReply: false }],
    ["Regarding: x", { title: "Regarding: x", key: "regarding: x", isReply: false }],
    ["[tide]", { title: "[tide]", key: "[tide]", isReply: false }],
    ["Re:", { title: "", key: "", isReply: true }],
  ])("reads the subject %j", (subject, expected) => {
    expect(readSubject(subject)).toEqual(expected);
  });

  it.each([
    ["<a@x> <b@x>", ["a@x", "b@x"]],
    ["<a@x\n\t.org>", ["a@x.org"]],
    ["Your message of Monday <a@x>", ["a@x"]],
    ["a@x", ["a@x"]],
    ["Your message of Monday", []],
    ["<>", []],
  ])("reads the ids in %j", (raw, ids) => {
    expect(readMessageIds(raw)).toEqual(ids);
  });
});
