/** The main attributes of a manifest by lower-case name (JAR File Specification, "Name-Value pairs and Sections"). */
export function parseManifest(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  // A line that begins with a blank goes on from the one before it.
  for (const line of text.replace(/(?:\r\n|\r|\n) /g, '').split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) attributes.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return attributes;
}

/** The keys of a .properties file (java.util.Properties) as Maven writes them: one a line, escapes in values only. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, key, value] = /^\s*([^\s#!:=][^\s:=]*)\s*[:=]?\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined) properties.set(key, value!.replace(/\\(.)/g, '$1').trim());
  }
  return properties;
}
