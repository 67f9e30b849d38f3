import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ROOT } from '../architecture/workspace.js'

export interface Panel { type: string; title: string; description?: string; targets?: { expr: string }[] }
export interface Expression { where: string; expr: string }

const DASHBOARDS = join(ROOT, 'deploy/grafana/dashboards')

export function readPanels(): Panel[] {
  return readdirSync(DASHBOARDS).flatMap((name) => (JSON.parse(readFileSync(join(DASHBOARDS, name), 'utf8')) as { panels: Panel[] }).panels)
}

/** Every PromQL expression of dashboards (`panel "…"`) and alert rules (`alert …`), Grafana's interval replaced. */
export function readExpressions(interval: string): Expression[] {
  const rules = parse(readFileSync(join(ROOT, 'deploy/prometheus/alerts.yml'), 'utf8')) as { groups: { rules: { alert: string; expr: string }[] }[] }
  return [
    ...readPanels().flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: `panel "${title}"`, expr: expr.replaceAll('$__rate_interval', interval) }))),
    ...rules.groups.flatMap((group) => group.rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr }))),
  ]
}
