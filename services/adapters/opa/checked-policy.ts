import * as sdk from '@open-policy-agent/opa-wasm';
import { ALLOWED_BUILTINS, HostBuiltins, type InPlaceOfNone } from './host-builtins.ts';
import { ENTRYPOINT } from './protocol.ts';
import { withUndecided } from './silent-rules.ts';

type LoadedPolicy = sdk.LoadedPolicy;
/** Node finds no name behind `loadPolicy` in this CommonJS module; its default export has them all. */
const { loadPolicySync } = (sdk as unknown as { default: typeof sdk }).default;

/** One page of WebAssembly memory, in bytes. */
const PAGE = 65_536;

/** OPA's ABI (https://www.openpolicyagent.org/docs/wasm, version 1.2 and later minor ones): what a module imports, and what it must export. */
const IMPORTS: ReadonlySet<string> = new Set([
  'env.memory',
  'env.opa_abort',
  'env.opa_println',
  ...[0, 1, 2, 3, 4].map((arity) => `env.opa_builtin${arity}`),
]);
const EXPORTS = [
  'opa_wasm_abi_version',
  'opa_wasm_abi_minor_version',
  'builtins',
  'entrypoints',
  'opa_eval',
  'opa_heap_ptr_get',
  'opa_json_dump',
  'opa_json_parse',
  'opa_malloc',
];
const ABI = 1;
const MIN_ABI_MINOR = 2;

/** Section that declares memories (WebAssembly core 3, 5.5.8); OPA's modules import theirs. */
const MEMORY_SECTION = 5;

/** Runs in a process of its own: even to instantiate a module runs its code. */
export class CheckedPolicy {
  readonly #policy: LoadedPolicy;
  readonly #builtins: HostBuiltins;

  private constructor(policy: LoadedPolicy, builtins: HostBuiltins) {
    this.#policy = policy;
    this.#builtins = builtins;
  }

  /** Raises an Error that says why this is no bundle of ours. */
  static load(wasm: Uint8Array<ArrayBuffer>, memoryBytes: number): CheckedPolicy {
    const module = compile(wasm);
    const foreign = WebAssembly.Module.imports(module).find((each) => !IMPORTS.has(`${each.module}.${each.name}`));
    if (foreign !== undefined)
      throw new Error(`it imports ${foreign.module}.${foreign.name}, which OPA's ABI does not have`);
    if (sectionsOf(wasm).includes(MEMORY_SECTION))
      throw new Error('it brings memory of its own, which nothing would bound');
    const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
    const missing = EXPORTS.find((name) => !exported.has(name));
    if (missing !== undefined)
      throw new Error(`it does not export ${missing}: opa did not compile it, or its ABI is another`);
    const builtins = new HostBuiltins();
    const policy = instantiate(module, memoryBytes, builtins);
    const { exports } = policy.wasmInstance as WebAssembly.Instance;
    checkAbi(exports);
    const unknown = Object.keys(dump(policy, exports.builtins as () => number)).filter(
      (name) => !ALLOWED_BUILTINS.has(name),
    );
    if (unknown.length > 0)
      throw new Error(`it calls ${unknown.join(', ')}, which Plimsoll does not offer to policies`);
    if (!Object.hasOwn(policy.entrypoints, ENTRYPOINT)) throw new Error(`it has no entrypoint ${ENTRYPOINT}`);
    return new CheckedPolicy(policy, builtins);
  }

  /**
   * The value of the entrypoint; undefined where it has none. Where a builtin of ours had no answer, Rego takes that for "no": the rules
   * whose findings would be others had it had one, and which do not say so themselves, are undecided. Raises what the policy raises.
   */
  evaluate(inputJson: ArrayBuffer): unknown {
    const value = this.#value(inputJson, undefined);
    if (this.#builtins.unanswered.size === 0) return value;
    const calls = [...this.#builtins.unanswered];
    return withUndecided(value, [this.#value(inputJson, 'yes'), this.#value(inputJson, 'no')], calls);
  }

  #value(inputJson: ArrayBuffer, instead: InPlaceOfNone): unknown {
    this.#builtins.begin(instead);
    const results: unknown = this.#policy.evaluate(inputJson, ENTRYPOINT);
    return Array.isArray(results) ? results[0]?.result : undefined;
  }
}

function compile(wasm: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(wasm);
  } catch (error) {
    throw new Error(`it is no WebAssembly: ${(error as Error).message}`);
  }
}

/** Ids of the sections of a module that compiled, in their order. */
function sectionsOf(wasm: Uint8Array): number[] {
  const ids: number[] = [];
  // Behind magic and version, each section is its id, its length (LEB128) and its content.
  for (let at = 8; at < wasm.length; ) {
    ids.push(wasm[at++]!);
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++]!;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at += length;
  }
  return ids;
}

/** Synchronous, in a process of its own: the other way asks whether it was given a Response, for which Node loads its HTTP client. */
function instantiate(module: WebAssembly.Module, memoryBytes: number, builtins: HostBuiltins): LoadedPolicy {
  try {
    return loadPolicySync(
      module as never,
      { initial: 5, maximum: Math.floor(memoryBytes / PAGE) } as never,
      builtins.functions,
    );
  } catch (error) {
    throw new Error(`it does not start: ${thrownText(error)}`);
  }
}

function checkAbi(exports: WebAssembly.Exports): void {
  const [major, minor] = ['opa_wasm_abi_version', 'opa_wasm_abi_minor_version'].map((name) => {
    return Object(exports[name]).value as unknown;
  });
  if (major !== ABI || typeof minor !== 'number' || minor < MIN_ABI_MINOR) {
    throw new Error(
      `its ABI is ${String(major)}.${String(minor)}; Plimsoll speaks ${ABI}.${MIN_ABI_MINOR} and later minor versions`,
    );
  }
}

/** A value that the module itself states. */
function dump({ wasmInstance, mem }: LoadedPolicy, state: () => number): object {
  const toJson = (wasmInstance as WebAssembly.Instance).exports.opa_json_dump as (address: number) => number;
  const start = toJson(state());
  // Only now: a call that grows the memory leaves older views empty.
  const bytes = new Uint8Array((mem as WebAssembly.Memory).buffer);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start))));
}

/** OPA's SDK throws texts and plain objects too. */
export function thrownText(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  const message = Object(thrown).message;
  return typeof message === 'string' ? message : String(thrown);
}
