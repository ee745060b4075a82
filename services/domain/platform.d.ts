// The web-standard codecs of text and base64: the only globals beyond the language that the domain uses (WHATWG Encoding, HTML).
// Declared here because `types` is empty: anything of Node's fails to compile.

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array): string;
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

/** One character for each byte. Raises on what is no base64. */
declare function atob(base64: string): string;
declare function btoa(bytes: string): string;
