/**
 * What only development leads to, by the edges of a lockfile, which may go round in circles. What neither leads to is
 * not in it: nobody says that it is for development.
 */
export function onlyDevelopment<Node>(
  needed: Iterable<Node>,
  development: Iterable<Node>,
  next: (node: Node) => Iterable<Node>,
): Set<Node> {
  const reached = reachable(needed, next);
  return new Set([...reachable(development, next)].filter((node) => !reached.has(node)));
}

function reachable<Node>(from: Iterable<Node>, next: (node: Node) => Iterable<Node>): Set<Node> {
  const reached = new Set(from);
  // A set that grows while it is gone through is gone through to its end.
  for (const node of reached) for (const following of next(node)) reached.add(following);
  return reached;
}
