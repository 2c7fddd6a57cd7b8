import { expect, test } from "vitest";
import { passwordProblem } from "./index.ts";

test.each(["short", "aaaaaaaaaaaaaaaa", "password12345", "abcdefghijklmno", "123456789012345", "Passwort!2024", "ada.lindqvist1", "x".repeat(129)])(
  "%j is refused",
  (password) => {
    expect(passwordProblem(password, ["Ada Lindqvist", "ada.lindqvist@example.org"])).toBeTypeOf("string");
  },
);

test.each(["harbour lantern 42", "correct horse battery staple", "Zufällig gewählt, lang", "パスワードではない長い言葉です"])(
  "%j will do",
  (password) => {
    expect(passwordProblem(password, ["Ada Lindqvist", "ada.lindqvist@example.org"])).toBeUndefined();
  },
);
