/** What proves to a registry who asks. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** Exchanged at the token server (OAuth 2 refresh token). */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** Sent as it is. */
  | { readonly kind: 'bearer-token'; readonly token: string };

/** Has the credentials of registries. */
export interface CredentialSource {
  /** null where it has none. `registry` as in Registration. REGISTRY_DENIED where what should have them fails. */
  credentials(registry: string, signal: AbortSignal): Promise<Credentials | null>;
}
