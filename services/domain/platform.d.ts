// The web-standard text codecs: the only globals beyond the language that the domain uses (WHATWG Encoding).
// Declared here because `types` is empty: anything of Node's fails to compile.

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array): string;
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}
