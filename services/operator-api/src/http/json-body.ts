import type { FastifyInstance } from 'fastify'

/** JSON as Fastify reads it (refusing `__proto__`), but an empty body with a JSON content type is no body instead of an error. Other types get 415. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') done(null, null)
    else void parse(request, body, done)
  })
}
