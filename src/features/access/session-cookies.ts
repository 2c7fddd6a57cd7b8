/**
 * Sends a caller's prolonged session with an answer. A cookie that the answer sets itself stays: it is the newer
 * word, such as the session that a change of password has just begun, and of two with one name browsers keep the last.
 * @param headers of the answer; changed in place
 * @param cookies `Set-Cookie` values
 */
export function addSessionCookies(headers: Headers, cookies: readonly string[]): void {
  const own = new Set(headers.getSetCookie().map(nameOf));
  for (const cookie of cookies) if (!own.has(nameOf(cookie))) headers.append("Set-Cookie", cookie);
}

function nameOf(cookie: string): string {
  return cookie.slice(0, cookie.indexOf("=")).trim();
}
