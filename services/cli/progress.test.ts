import { describe, expect, it } from 'vitest';
import type { LayerProgress } from '../pipeline/layer-ports.ts';
import { ProgressDisplay, type Terminal } from './progress.ts';

/** A terminal that does what the display asks of it: text, newlines, lines up, erase to the end. */
class Screen implements Terminal {
  isTTY = true;
  columns = 80;
  rows = 24;
  writes = 0;
  lines = [''];

  write(text: string): void {
    this.writes += 1;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the two sequences that the display may use
    for (const part of text.split(/(\u001b\[\d+F|\u001b\[J|\n)/)) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
      const up = /^\u001b\[(\d+)F$/.exec(part);
      if (up !== null) this.lines = this.lines.slice(0, this.lines.length - Number(up[1]));
      else if (part === '\u001b[J') this.lines[this.lines.length - 1] = '';
      else if (part === '\n') this.lines.push('');
      else this.lines[this.lines.length - 1] += part;
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing else may be there
    expect(this.lines.join('')).not.toMatch(/[\u0000-\u001f]/);
  }
}

const at = (layer: number, readBytes: number, more: Partial<LayerProgress> = {}): LayerProgress => ({
  layer,
  layers: 3,
  readBytes,
  totalBytes: 1_000_000,
  entries: Math.floor(readBytes / 100),
  state: 'reading',
  ...more,
});

function display(screen: Terminal = new Screen()) {
  const clock = { ms: 1_000 };
  const progress = new ProgressDisplay(screen, () => clock.ms);
  return {
    progress,
    show: (event: LayerProgress) => {
      clock.ms += 100;
      progress.sink(event);
    },
  };
}

describe('ProgressDisplay', () => {
  it('shows a line for each layer being read, in place', () => {
    const screen = new Screen();
    const { show } = display(screen);
    show(at(1, 250_000));
    show(at(0, 500_000));
    show(at(1, 999_999));
    expect(screen.lines).toEqual([
      'layer  0  ██████████░░░░░░░░░░  50 %  500.0 kB of 1.0 MB        5,000 files',
      'layer  1  ███████████████████░  99 %    1.0 MB of 1.0 MB        9,999 files',
      '0 of 3 layers done',
      '',
    ]);
    show(at(0, 1_000_000, { state: 'done' }));
    show(at(2, 0, { state: 'cached' }));
    expect(screen.lines.slice(1)).toEqual(['2 of 3 layers done', '']);
  });

  it('writes above itself after clear, and leaves nothing', () => {
    const screen = new Screen();
    const { progress, show } = display(screen);
    show(at(0, 1));
    progress.clear();
    screen.write('warning: the cache is full\n');
    show(at(0, 2));
    expect(screen.lines[0]).toBe('warning: the cache is full');
    progress.clear();
    progress.clear();
    expect(screen.lines).toEqual(['warning: the cache is full', '']);
  });

  it('draws at most ten times a second', () => {
    const screen = new Screen();
    let now = 0;
    const progress = new ProgressDisplay(screen, () => now);
    for (; now < 1_000; now++) progress.sink(at(0, now));
    expect(screen.writes).toBe(10);
  });

  it('writes nothing where there is no terminal', () => {
    const screen = new Screen();
    screen.isTTY = false;
    const { progress, show } = display(screen);
    show(at(0, 1));
    progress.clear();
    expect(screen.writes).toBe(0);
  });

  it('stays within a small screen', () => {
    const screen = new Screen();
    screen.columns = 30;
    screen.rows = 6;
    const { show } = display(screen);
    for (let layer = 0; layer < 40; layer++) show(at(layer, 1, { layers: 40 }));
    expect(screen.lines.length).toBeLessThanOrEqual(6);
    for (const line of screen.lines) expect(line.length).toBeLessThan(30);
  });

  it('keeps its head with sizes that are unknown or wrong', () => {
    const screen = new Screen();
    const { show } = display(screen);
    show(at(0, 5_000, { totalBytes: 0 }));
    expect(screen.lines[0]).toBe('layer  0    5.0 kB         50 files');
    show(at(0, 5_000_000));
    expect(screen.lines[0]).toContain('100 %');
  });
});
