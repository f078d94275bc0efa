/**
 * Who is asking. Every request has a principal; until something authenticates it, it is {@link anonymous}.
 */

/** The authenticated origin of a request. */
export interface Principal {
  /** Stable id of the user or machine, unique per issuer; `undefined` for the anonymous principal. */
  readonly subject: string | undefined
  /** Who vouches for the subject, for example an OAuth issuer. */
  readonly issuer?: string
  /** The OAuth client that acts for the subject. */
  readonly clientId?: string
  /** What the principal may do. */
  readonly scopes: ReadonlyArray<string>
  /** Whatever else the authenticator learned, for example the claims of a token. */
  readonly claims: { readonly [key: string]: unknown }
}

/** The principal of requests that nobody authenticated. */
export const anonymous: Principal = { subject: undefined, scopes: [], claims: {} }

/** True unless the principal is anonymous. */
export const isAuthenticated = (principal: Principal): boolean => principal.subject !== undefined

/** A principal; it has no scopes and no claims unless they are given. */
export const make = (principal: Partial<Principal> & { readonly subject: string }): Principal => ({
  scopes: [],
  claims: {},
  ...principal
})
