import { listReplicas } from '@zhuzhan/persistence'
import type { ReplicaView } from '@zhuzhan/persistence'
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'

/** Where a person lands who opens the address in a browser: what this is, what runs, where to go. Nothing on it is secret. */
export function startPage(app: FastifyInstance, { pool, version }: { pool: pg.Pool; version: string }): void {
  app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/start'))
  app.get('/start', { schema: { hide: true } }, async (_request, reply) => {
    const replicas = await listReplicas(pool).catch(() => undefined)
    return reply.type('text/html; charset=utf-8').send(page(version, replicas))
  })
}

function page(version: string, replicas: readonly ReplicaView[] | undefined): string {
  const rows = [
    row('operator-api', '', true),
    row('PostgreSQL', '', replicas !== undefined),
    ...(replicas ?? []).map(({ kind, id, alive }) => row(kind, id, alive)),
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Zhuzhan</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#222}table{border-collapse:collapse}
td,th{padding:.2rem 1.2rem .2rem 0;text-align:left;border-bottom:1px solid #ddd}.up{color:#176b2c}.down{color:#a11}pre{background:#f4f4f4;padding:.8rem;overflow:auto}</style></head><body>
<h1>Zhuzhan 主站</h1>
<p>Master station for DL/T 698.45 smart meters, version ${escapeHtml(version)}.</p>
<ul>
<li><a href="/docs">All routes, to read and to try</a></li>
<li><a href="/openapi.json">The same as OpenAPI 3.1</a></li>
<li><a href="/policy">Which algorithms protect what 密码策略矩阵</a></li>
<li>Energy audit of a made-up plant: <a href="/demo-audit?lang=en">English</a>, <a href="/demo-audit?lang=zh">示范能源审计</a>, <a href="/demo-audit?lang=zh&amp;format=pdf">PDF</a></li>
</ul>
<h2>What runs</h2>
<table><tr><th>process</th><th>name</th><th>state</th></tr>
${rows.join('\n')}</table>
<h2>First steps</h2>
<pre>curl -s -X POST -H 'content-type: application/json' -d '{"username":"admin","password":"…"}' \\
  http://HOST/api/v1/auth/login
curl -s -H 'authorization: Bearer TOKEN' http://HOST/api/v1/meters
curl -s -H 'authorization: Bearer TOKEN' http://HOST/api/v1/meters/ADDRESS/readings/latest</pre>
<p>Name and password of the first administrator are in <code>endpoints.json</code> of the data directory.</p>
</body></html>
`
}

function row(kind: string, id: string, alive: boolean): string {
  return `<tr><td>${escapeHtml(kind)}</td><td>${escapeHtml(id)}</td><td class="${alive ? 'up">runs' : 'down">away'}</td></tr>`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
