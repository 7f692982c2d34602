// The value of Hub-Purpose: <code>;case="…";operator=%"…" (a structured field of RFC 9651).

/** What a clerk declares. Empty members are not sent. */
export interface Purpose {
  code: string;
  case: string;
  operator: string;
}

/** The header's value, or undefined where no purpose is declared. */
export function headerOf(purpose: Purpose): string | undefined {
  if (!purpose.code) return undefined;
  const parameters = (["case", "operator"] as const).filter((name) => purpose[name]);
  return purpose.code + parameters.map((name) => `;${name}=${text(purpose[name])}`).join("");
}

/** A String (§3.3.3) where ASCII says it, else a Display String (§3.3.8). */
function text(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? `"${value.replaceAll(/[\\"]/g, "\\$&")}"` : `%"${percentEncoded(value)}"`;
}

function percentEncoded(value: string): string {
  const literal = (byte: number) => byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && byte !== 0x22;
  const one = (byte: number) => (literal(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`);
  return Array.from(new TextEncoder().encode(value), one).join("");
}
