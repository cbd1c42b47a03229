/** What a value that somebody holds may be. */
export type TokenKind =
  | 'access_token'
  | 'refresh_token'
  | 'authorization_code'
  | 'device_code'
  | 'user_api_token'
