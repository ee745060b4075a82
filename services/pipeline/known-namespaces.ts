import { metadataMap } from '../domain/admission/admission-request.ts';
import { objectOrNull, textOrNull } from '../domain/vulnerabilities/feeds/foreign-json.ts';
import type { WatchSink } from './admission-ports.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels of namespaces, as a watch tells of them. */
export class KnownNamespaces implements WatchSink {
  readonly #labels = new Map<string, Labels>();
  #listed: Set<string> | null = null;

  /** null: nobody has told of it. */
  labelsOf(name: string): Labels | null {
    return this.#labels.get(name) ?? null;
  }

  put(object: unknown): void {
    const namespace = objectOrNull(object);
    const name = textOrNull(objectOrNull(namespace?.metadata)?.name);
    if (name === null) return;
    this.#listed?.add(name);
    this.#labels.set(name, metadataMap(namespace, 'labels'));
  }

  gone(_namespace: string, name: string): void {
    this.#labels.delete(name);
  }

  relist(): void {
    this.#listed = new Set();
  }

  listed(): void {
    const there = this.#listed;
    this.#listed = null;
    if (there === null) return;
    for (const name of this.#labels.keys()) if (!there.has(name)) this.#labels.delete(name);
  }
}
