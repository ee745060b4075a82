import type { EventProcess, EventVerdict, FileOrigin } from './event.ts';
import { type FrameBytes, named } from './frame-bytes.ts';
import { LAYOUT } from './layout.ts';

const HEAD = LAYOUT.structures.event_head.fields;
const FRAME = LAYOUT.structures.frame_head.fields;

const VERDICTS: readonly EventVerdict[] = ['observed', 'would-deny', 'denied', 'killed'];
/** enum file_origin of events.h. */
export const ORIGINS: readonly FileOrigin[] = ['unknown', 'image', 'written', 'memory', 'other'];

/** enum frame_flag of events.h. */
export const FLAGS = { pathCut: 1, argumentsCut: 2, unreadable: 4, existing: 8, racy: 16, left: 32 } as const;

export type EventBaseFields = ReturnType<typeof decodeBase>;

/** What every event has, from its `event_head`. RangeError where it contradicts itself. */
export function decodeBase(frame: FrameBytes) {
  return {
    timeNs: frame.big(HEAD.time_ns),
    cgroupId: frame.big(HEAD.cgroup_id),
    containerCgroupId: frame.big(HEAD.container_id) || null,
    workload: frame.big(HEAD.workload) || null,
    profile: frame.number(HEAD.profile) || null,
    ruleId: frame.big(HEAD.rule_id) || null,
    verdict: named(VERDICTS, frame.number(FRAME.verdict), 'verdict'),
    process: process(frame),
  };
}

function process(frame: FrameBytes): EventProcess | null {
  const id = frame.number(HEAD.process_id);
  if (id === 0) return null;
  return {
    id,
    startNs: frame.big(HEAD.process_start_ns),
    thread: frame.number(HEAD.thread_id),
    parent: { id: frame.number(HEAD.parent_id), startNs: frame.big(HEAD.parent_start_ns) },
    containerProcessId: frame.number(HEAD.container_process_id),
    userId: frame.number(HEAD.user_id),
    groupId: frame.number(HEAD.group_id),
    command: frame.text(...HEAD.command),
    mountNamespace: frame.number(HEAD.mount_namespace),
  };
}
