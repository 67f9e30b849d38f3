/** Tests look into answers freely; what they find they assert. */
export type Json = ReturnType<typeof JSON.parse>

export interface Answer {
  status: number
  /** Decoded JSON; text where the answer is none. */
  body: Json
}

export interface StationRest {
  call(method: string, path: string, body?: unknown): Promise<Answer>
  /** The same with the rights of somebody else. */
  as(username: string, password: string): StationRest
  /** All items of a paged list. */
  all(path: string): Promise<Json[]>
}

export interface Address {
  operatorApi: string
  admin: { username: string; password: string }
}

/** A JSON client of `/api/v1` that logs in when it is first used, and again when its token is refused. */
export function createStationRest(endpoints: () => Address, account?: { username: string; password: string }): StationRest {
  let token: string | undefined

  const request = async (method: string, path: string, body: unknown): Promise<Answer> => {
    const response = await fetch(endpoints().operatorApi + path, {
      method,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: parse(text) }
  }
  const login = async (): Promise<void> => {
    token = undefined
    const { status, body } = await request('POST', '/api/v1/auth/login', account ?? endpoints().admin)
    if (status >= 300) throw new Error(`login answered ${status}: ${JSON.stringify(body)}`)
    token = body.token
  }
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    if (token === undefined) await login()
    const answer = await request(method, path, body)
    if (answer.status !== 401) return answer
    await login()
    return request(method, path, body)
  }
  return {
    call,
    as: (username, password) => createStationRest(endpoints, { username, password }),
    all: async (path) => {
      const items: Json[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const mark = path.includes('?') ? '&' : '?'
        const { status, body } = await call('GET', cursor ? `${path}${mark}cursor=${encodeURIComponent(cursor)}` : path)
        if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`)
        items.push(...body.items)
        cursor = body.nextCursor
      }
      return items
    },
  }
}

function parse(text: string): Json {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return text
  }
}
