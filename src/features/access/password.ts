import { AppError } from "#core/errors.ts";

/** Characters, after NIST SP 800-63B-4 3.1.1.2: length counts, rules of composition do not. */
export const passwordMinLength = 12;
export const passwordMaxLength = 128;

// What people type when they must reach twelve characters; the list is short because nothing on it is guessed
// within the attempts that the sign-in limits allow, and these are.
const commonParts =
  /^(?:password|passwort|qwerty|qwertz|azerty|letmein|welcome|iloveyou|admin(?:istrator)?|changeme|causeway|secret|abc|test|monkey|dragon|[0-9]|[!@#$%^&*._-])+$/i;

/**
 * Says what is wrong with a password, or undefined when it will do.
 * @param about names and addresses that the password must not be made of
 */
export function passwordProblem(password: string, about: readonly string[] = []): string | undefined {
  const length = [...password].length;
  if (length < passwordMinLength) return `Use at least ${passwordMinLength} characters; a few unrelated words are easy to remember.`;
  if (password.length > passwordMaxLength) return `Use at most ${passwordMaxLength} characters.`;
  if (new Set(password.toLowerCase()).size < 5) return "This repeats the same few characters. Use a few unrelated words.";
  if (commonParts.test(password) || isSequence(password)) return "This is among the first passwords that are tried. Use a few unrelated words.";
  const lower = password.toLowerCase();
  const own = about.flatMap((text) => [text, text.split("@")[0] ?? ""]).map((text) => text.toLowerCase());
  if (own.some((text) => text.length > 3 && lower.replaceAll(text, "").length < 6))
    return "This is made of your own name or address. Use a few unrelated words.";
  return undefined;
}

/** @throws AppError `invalid_input` with the problem under the field `password` */
export function checkPassword(password: string, about: readonly string[] = []): void {
  const problem = passwordProblem(password, about);
  if (problem) throw new AppError("invalid_input", { public: problem, issues: [{ path: "password", message: problem }] });
}

function isSequence(password: string): boolean {
  const codes = [...password].map((letter) => letter.codePointAt(0) ?? 0);
  const steps = codes.slice(1).filter((code, place) => Math.abs(code - (codes[place] ?? 0)) === 1).length;
  return steps >= (codes.length - 1) * 0.8;
}
