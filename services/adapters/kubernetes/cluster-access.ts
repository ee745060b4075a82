/** What proves to the API server who asks. */
export type ClusterCredentials =
  | {
      readonly kind: 'token';
      /** Asked for each request, so that one that changes in its file is followed. `fresh`: the last one was refused. */
      token(fresh: boolean): Promise<string>;
    }
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string }
  | { readonly kind: 'none' };

/** Where a cluster's API server is, and how to speak to it. */
export interface ClusterAccess {
  /** https, or http on this machine. */
  readonly server: URL;
  /** PEM; those alone are trusted. null: the system's. */
  readonly ca: string | null;
  /** The name that its certificate must be for, where that is not the one in `server`. */
  readonly serverName: string | null;
  readonly credentials: ClusterCredentials;
  /** Where our own objects are. */
  readonly namespace: string;
}
