import { baseOf } from '../../../layers/path.ts';
import { lockfileAnalyzer } from '../../locked-packages.ts';
import { isObject, parseJson, stated } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';
import { addDistribution } from './python-project.ts';

/** Pipfile.lock of pipenv (pipenv.pypa.io): `default`, `develop`, and categories of the project's own. */
export const pipfileLock = lockfileAnalyzer({
  id: 'pipfile-lock',
  version: 1,
  isWanted: (path) => baseOf(path) === 'Pipfile.lock',
  read(file, packages) {
    const lock = parseJson(file);
    if (lock === null) return;
    if (!isObject(lock._meta)) file.gaps.add('package-file-unparsable', 'JSON, but no lockfile of pipenv');
    for (const [category, entries] of Object.entries(lock)) {
      if (category === '_meta') continue;
      if (!isObject(entries)) {
        file.gaps.add('package-file-unparsable', `${quote(category)} is no list of packages`);
        continue;
      }
      for (const [key, entry] of Object.entries(entries)) {
        const name = stated(key, file);
        if (name === null || !isObject(entry)) {
          file.gaps.add('package-file-unparsable', `${quote(key)} in ${quote(category)} is no package`);
          continue;
        }
        // A folder of the project.
        if (typeof entry.path === 'string') continue;
        const version = /^===?\s*([^*]+)$/.exec(stated(entry.version, file) ?? '')?.[1] ?? null;
        addDistribution({ name, version }, { development: category === 'develop', dependsOn: [] }, file, packages);
      }
    }
  },
});
