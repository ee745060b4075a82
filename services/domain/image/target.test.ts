import { describe, expect, it } from 'vitest';
import { parseTarget } from './target.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('a target', () => {
  it.each([
    ['docker-archive:image.tar', 'docker-archive', 'image.tar', null],
    ['docker-archive:image.tar:app:1.2', 'docker-archive', 'image.tar', { tag: 'app:1.2' }],
    [
      'docker-archive:/a b/image.tar.gz:r.io:5000/app:1',
      'docker-archive',
      '/a b/image.tar.gz',
      { tag: 'r.io:5000/app:1' },
    ],
    ['docker-archive:-', 'docker-archive', '-', null],
    ['docker-archive:-:app:1', 'docker-archive', '-', { tag: 'app:1' }],
    ['oci-dir:layout:latest', 'oci-dir', 'layout', { tag: 'latest' }],
    ['oci-dir:/data/a:b/layout', 'oci-dir', '/data/a:b/layout', null],
    [`oci-dir:layout@${digest}`, 'oci-dir', 'layout', { digest }],
    [`oci-archive:x.tar@${digest}`, 'oci-archive', 'x.tar', { digest }],
    ['./image.tar', 'path', './image.tar', null],
    ['/image.tar:1', 'path', '/image.tar', { tag: '1' }],
    ['../x', 'path', '../x', null],
    ['.', 'path', '.', null],
  ])('%s', (text, kind, path, selector) => {
    expect(parseTarget(text)).toEqual({ kind, text, path, selector });
  });

  it('of an installed system is a directory and nothing else', () => {
    expect(parseTarget('rootfs:/mnt/a:b@c')).toEqual({ kind: 'rootfs', text: 'rootfs:/mnt/a:b@c', path: '/mnt/a:b@c' });
  });

  it('of a project too', () => {
    expect(parseTarget('dir:.')).toEqual({ kind: 'dir', text: 'dir:.', path: '.' });
  });

  it.each([
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['registry:alpine', 'docker.io/library/alpine:latest'],
    ['registry:5000/app', 'registry:5000/app:latest'],
    ['registry:registry:5000/app', 'registry:5000/app:latest'],
    ['registry:localhost:5000/app:1', 'localhost:5000/app:1'],
    ['registry.io/app:1', 'registry.io/app:1'],
    // Files are named with their directory.
    ['image.tar', 'docker.io/library/image.tar:latest'],
    ['a/b', 'docker.io/a/b:latest'],
  ])('%s is an image in a registry', (text, path) => {
    expect(parseTarget(text)).toMatchObject({ kind: 'registry', text, path });
  });

  it.each([
    ['podman:localhost/app:1', 'podman', 'localhost/app:1'],
    ['docker:app', 'docker', 'app'],
    ['containerd:docker.io/library/alpine:3', 'containerd', 'docker.io/library/alpine:3'],
    [`docker:sha256:${'a'.repeat(64)}`, 'docker', `sha256:${'a'.repeat(64)}`],
  ])('%s is an image of a container engine', (text, kind, path) => {
    expect(parseTarget(text)).toEqual({ kind, text, path });
  });

  it.each([
    '-',
    'registry:',
    'podman:',
    'podman:--help',
    'docker:-o/etc/passwd',
    'podman:a b',
    'podman:a\nb',
    `podman:${'a'.repeat(513)}`,
    'registry:./image.tar',
    '',
    'docker-archive:',
    'rootfs:',
    'dir:',
    'oci-dir:layout@sha256:abc',
  ])('%j is refused with words on what to write', (text) => {
    expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
