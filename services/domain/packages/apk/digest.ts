const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * apk's checksum spelling to `alg:hex`: `Q1` and base64 is SHA-1 (or SHA-256 where the length says so), `Q2` SHA-256.
 * In packages flagged `f:S`, which apk 3 installed from its own format, 20 bytes are a SHA-256 cut to 160 bits.
 * Null where it is none of these.
 */
export function decodeDigest(text: string, truncated: boolean): string | null {
  const match = /^Q[12]([A-Za-z0-9+/]+)={0,2}$/.exec(text);
  if (match === null) return null;
  const digits = match[1]!;
  let hex = '';
  let bits = 0;
  let held = 0;
  for (let i = 0; i < digits.length; i++) {
    held = ((held << 6) | ALPHABET.indexOf(digits[i]!)) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    hex += ((held >> bits) & 0xff).toString(16).padStart(2, '0');
  }
  if (hex.length === 64) return `sha256:${hex}`;
  if (hex.length !== 40 || text[1] !== '1') return null;
  return `${truncated ? 'sha256-160' : 'sha1'}:${hex}`;
}
