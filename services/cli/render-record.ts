import { displayPath } from '../domain/layers/path.ts';
import type { RecordLine } from '../domain/runtime/backlog.ts';
import type { CallEvent, EventProcess, RuntimeEvent, SocketEvent } from '../domain/runtime/event.ts';
import type { IdentifiedContainer, RuntimeRecord } from '../domain/runtime/record.ts';
import { severityOf } from '../domain/runtime/record-severity.ts';

/** A record as sinks take it. */
export function recordLine(record: RuntimeRecord): RecordLine {
  const kind = record.type === 'event' ? record.event.kind : `agent-${record.type}`;
  return { text: renderRecord(record), severity: severityOf(record), time: record.time, kind };
}

/**
 * One record as one line of JSON. 64-bit numbers are decimal strings, since most readers of JSON know 53 bits only; bytes of
 * paths that are no UTF-8 are written as `\xNN`.
 */
export function renderRecord(record: RuntimeRecord): string {
  return JSON.stringify(plain(record), (_, value) => (typeof value === 'bigint' ? String(value) : value));
}

function plain(record: RuntimeRecord): object {
  switch (record.type) {
    case 'started': {
      const { root, pins, programs } = record.status;
      return {
        time: record.time,
        kind: 'agent-started',
        cgroupRoot: root.path,
        pins,
        droppedBefore: record.dropped,
        programs,
      };
    }
    case 'blind':
      return { time: record.time, kind: 'agent-blind', dropped: record.dropped, refusedCgroups: record.refusedCgroups };
    case 'lost':
      return { time: record.time, kind: 'agent-lost', sink: record.sink, lost: record.lost };
    case 'unreadable':
      return { time: record.time, kind: 'agent-unreadable', reason: record.reason };
    case 'event':
      return event(record);
  }
}

function event(record: RuntimeRecord & { type: 'event' }): object {
  const { time, event, cgroup, container, session } = record;
  return {
    time,
    kind: event.kind,
    severity: severityOf(record),
    verdict: event.verdict,
    rule: event.ruleId,
    container: container && identity(container),
    session,
    cgroup: { id: event.cgroupId, path: cgroup && displayPath(cgroup) },
    process: event.process && actor(event.process),
    ...details(event),
  };
}

function identity({ key, cgroup, state }: IdentifiedContainer): object {
  return {
    runtime: key.runtime,
    id: key.id,
    name: state?.name ?? null,
    image: state?.image ?? { reference: null, manifestDigest: null, configDigest: null },
    kubernetes: state?.kubernetes ?? null,
    cgroup: displayPath(cgroup),
  };
}

function actor(process: EventProcess): object {
  const { id, startNs, parent, containerProcessId, userId, groupId, command } = process;
  return {
    id,
    start: startNs,
    parent: { id: parent.id, start: parent.startNs },
    containerProcessId,
    userId,
    groupId,
    command: displayPath(command),
  };
}

function details(event: RuntimeEvent): object {
  switch (event.kind) {
    case 'exec':
      return {
        path: displayPath(event.path),
        name: displayPath(event.name),
        directory: displayPath(event.directory),
        arguments: event.arguments.map(displayPath),
        cut: { path: event.pathCut, arguments: event.argumentsCut || event.unreadable },
        file: event.file,
        effectiveUserId: event.effectiveUserId,
        loginId: event.loginId,
        capabilities: event.capabilities.toString(16).padStart(16, '0'),
      };
    case 'fork':
      return {
        child: { id: event.child.id, start: event.child.startNs, containerProcessId: event.childContainerProcessId },
      };
    case 'exit':
      return { code: event.code, signal: event.signal };
    case 'cgroup-made':
    case 'cgroup-gone':
      return { existing: event.existing };
    case 'start': {
      const { started, gate, held, image, profileName, rule, reason } = event;
      return { started, gate, held, image, profile: profileName, verdictRule: rule, reason };
    }
    case 'move':
      return { to: { id: event.toCgroupId, path: displayPath(event.toPath) }, left: event.left, by: event.moverId };
    case 'connect':
    case 'connected':
    case 'accept':
    case 'bind':
    case 'listen':
    case 'send':
    case 'arrive':
    case 'socket':
      return socketDetails(event);
    default:
      return callDetails(event);
  }
}

function socketDetails(event: SocketEvent): object {
  const { kind, address, port, local, protocol, socketType, socket, askedNs, timeNs, repeats, error } = event;
  return {
    address,
    port,
    protocol,
    socketType,
    socket,
    ...(local && { local }),
    ...(kind === 'connected' && { error, tookNs: askedNs === null ? null : timeNs - askedNs }),
    repeats,
  };
}

function callDetails(event: CallEvent): object {
  const { call, error, result, file, target, racy, pathCut, unreadable, opened, repeats } = event;
  return {
    call,
    error,
    result,
    arguments: event.arguments,
    path: file && displayPath(file.path),
    name: file?.name == null ? null : displayPath(file.name),
    target: target && displayPath(target.path),
    racy,
    cut: pathCut || unreadable,
    file: opened,
    repeats,
  };
}
