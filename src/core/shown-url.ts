// Pure: what people see of a URL or a path that is asked: not the query, nor user and password, which may be secret.

/** "http://me:secret@localhost:3000/healthz?token=x" becomes "http://localhost:3000/healthz". */
export function shownUrl(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/\\]*@/i, '$1');
}
