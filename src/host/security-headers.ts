/**
 * Headers of every answer. Inline styles are allowed, since the component kit sets sizes that way; inline scripts
 * only with this answer's nonce.
 * @param input.nonce of this answer
 * @param input.secure whether people reach the site by https
 */
export function securityHeaders(input: { nonce: string; secure: boolean; dev: boolean }): Record<string, string> {
  const policy = {
    "default-src": "'self'",
    "script-src": input.dev ? "'self' 'unsafe-inline' 'unsafe-eval'" : `'self' 'nonce-${input.nonce}'`,
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob: https:",
    "font-src": "'self'",
    "connect-src": input.dev ? "'self' ws: wss:" : "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "frame-ancestors": "'none'",
  };
  return {
    "content-security-policy": Object.entries(policy)
      .map(([name, value]) => `${name} ${value}`)
      .join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "x-frame-options": "DENY",
    ...(input.secure ? { "strict-transport-security": "max-age=31536000" } : {}),
  };
}
