import type { EventKind } from './event.ts';
import type { RuntimeRecord } from './record.ts';
import type { Severity } from './severity.ts';

/** Of what was only seen. What a rule stopped is `high`, whatever it is. */
export const KIND_SEVERITY: Readonly<Record<EventKind, Severity>> = {
  exec: 'low',
  fork: 'low',
  exit: 'low',
  connect: 'low',
  connected: 'low',
  bind: 'low',
  listen: 'low',
  accept: 'low',
  arrive: 'low',
  socket: 'low',
  send: 'low',
  open: 'low',
  create: 'low',
  rename: 'low',
  unlink: 'low',
  chmod: 'low',
  trace: 'medium',
  mount: 'medium',
  namespace: 'medium',
  identity: 'low',
  capabilities: 'low',
  module: 'medium',
  bpf: 'medium',
  keys: 'low',
  coverage: 'medium',
  move: 'low',
  start: 'low',
  'cgroup-made': 'low',
  'cgroup-gone': 'low',
};

/** Events by their verdict and then their kind; what the agent says of itself is `high`, but that it has started. */
export function severityOf(record: RuntimeRecord): Severity {
  if (record.type === 'started') return 'low';
  if (record.type !== 'event') return 'high';
  const { event } = record;
  if (event.verdict === 'denied' || event.verdict === 'killed') return 'high';
  if (event.kind === 'move' && event.left) return 'high';
  if (event.kind === 'start' && (!event.started || event.held === 'missing' || event.gate === 'warned')) return 'high';
  if (event.kind === 'start' && (event.gate === 'unknown' || event.held === 'pack')) return 'medium';
  if (event.verdict === 'would-deny') return 'medium';
  // A program that no file system shows.
  if (event.kind === 'exec' && event.file.origin === 'memory') return 'medium';
  return KIND_SEVERITY[event.kind];
}
