import type { ReportPackage } from '../report/report.ts';

/** Types whose names hold a namespace, and what stands between; elsewhere a namespace is a vendor, or none of the name. */
const JOINTS: ReadonlyMap<string, string> = new Map([
  ['maven', ':'],
  ['npm', '/'],
  ['golang', '/'],
  ['composer', '/'],
  ['github', '/'],
  ['swift', '/'],
]);

/** The name as the ecosystem writes it, from its parts. */
export function joinName(type: string, namespace: string | null | undefined, name: string): string {
  const joint = JOINTS.get(type);
  return joint !== undefined && namespace ? `${namespace}${joint}${name}` : name;
}

/** The two fields that SBOMs have for it. Where they would not give the same name again it stays whole. */
export function splitName({ type, name }: Pick<ReportPackage, 'type' | 'name'>): {
  group: string | null;
  name: string;
} {
  const joint = type === 'maven' || (type === 'npm' && name.startsWith('@')) ? JOINTS.get(type)! : null;
  const at = joint === null ? -1 : name.indexOf(joint);
  return at > 0 && at < name.length - 1
    ? { group: name.slice(0, at), name: name.slice(at + 1) }
    : { group: null, name };
}
