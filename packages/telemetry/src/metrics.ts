/**
 * Every metric of the station, once. Instruments, dashboards and alert rules are checked against this table, and
 * only what stands here appears on a `/metrics` page.
 *
 * The page's name is `zhuzhan_` + name, with `_total` behind a counter. Units follow Prometheus: seconds, bytes.
 */
export interface MetricRow {
  kind: 'counter' | 'gauge' | 'histogram'
  /** UCUM unit, or what is counted in braces. */
  unit: string
  description: string
  /** Label names. Values come from small closed sets (codes, states), never addresses. */
  labels?: readonly string[]
  /** Upper bounds of a histogram's buckets, in `unit`. */
  buckets?: readonly number[]
  /** Series of a counter that show their zero from the start: an alert watches for the first increase. */
  zeros?: readonly Readonly<Record<string, string>>[]
}

/** From a call inside one machine to a database that is being restarted. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const
/** Cipher work of one batch. */
const CIPHER_SECONDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5] as const
const ROWS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000] as const

export const METRICS = {
  // every process
  service_up: { kind: 'gauge', unit: '1', description: '1 while the process answers.', labels: ['service'] },
  event_loop_lag_seconds: { kind: 'gauge', unit: 's', description: '99th percentile of the event loop delay since the last scrape.' },
  process_cpu_seconds: { kind: 'counter', unit: 's', description: 'CPU time of the process, user and system.' },
  process_resident_memory_bytes: { kind: 'gauge', unit: 'By', description: 'Resident memory of the process.' },
  process_heap_bytes: { kind: 'gauge', unit: 'By', description: 'Used JavaScript heap.' },
  process_open_files: { kind: 'gauge', unit: '{file}', description: 'Open file descriptors, sockets included.' },
  process_start_time_seconds: { kind: 'gauge', unit: 's', description: 'Start of the process, Unix time.' },

  // gateway-type1: terminal sockets
  gateway_connections: { kind: 'gauge', unit: '{connection}', description: 'Open terminal connections.', labels: ['state'] },
  gateway_connections_opened: { kind: 'counter', unit: '{connection}', description: 'Accepted terminal connections.' },
  gateway_connections_closed: { kind: 'counter', unit: '{connection}', description: 'Closed terminal connections by reason.', labels: ['reason'] },
  gateway_frames_in: { kind: 'counter', unit: '{frame}', description: 'Whole frames received from terminals.' },
  gateway_frames_out: { kind: 'counter', unit: '{frame}', description: 'Frames written to terminals.' },
  gateway_bytes_in: { kind: 'counter', unit: 'By', description: 'Bytes received from terminals.' },
  gateway_bytes_out: { kind: 'counter', unit: 'By', description: 'Bytes written to terminals.' },
  gateway_discarded_bytes: { kind: 'counter', unit: 'By', description: 'Bytes that belonged to no valid frame (noise, wrong checksum).' },
  gateway_refusals: { kind: 'counter', unit: '{refusal}', description: 'Frames and connections refused, by error code.', labels: ['code'] },
  gateway_sessions: { kind: 'gauge', unit: '{session}', description: 'Terminals logged in at this gateway.' },
  gateway_logins: { kind: 'counter', unit: '{login}', description: 'Terminal logins by result.', labels: ['result'] },
  gateway_backpressure_pauses: { kind: 'counter', unit: '{pause}', description: 'Times reading from a socket or the link was paused.', labels: ['where'] },
  gateway_front_ends: { kind: 'gauge', unit: '{connection}', description: 'Front ends connected to the link.' },

  // front-end-processor: APDUs
  fep_apdus: { kind: 'counter', unit: '{apdu}', description: 'APDUs decoded or encoded.', labels: ['kind'] },
  fep_refusals: { kind: 'counter', unit: '{refusal}', description: 'APDUs refused, by error code.', labels: ['code'] },
  fep_readings_published: { kind: 'counter', unit: '{reading}', description: 'Readings handed to the queue and durable there.' },
  fep_batch_readings: { kind: 'histogram', unit: '{reading}', description: 'Readings in one queue job.', buckets: ROWS },
  fep_publish_seconds: { kind: 'histogram', unit: 's', description: 'Time until the queue has made one batch durable.', buckets: SECONDS },
  fep_reports_acknowledged: { kind: 'counter', unit: '{report}', description: 'Reports confirmed to terminals.' },
  fep_report_ack_seconds: { kind: 'histogram', unit: 's', description: 'From receipt of a report to its confirmation.', buckets: SECONDS },
  fep_open_requests: { kind: 'gauge', unit: '{request}', description: 'Requests to terminals without an answer yet.' },
  fep_request_timeouts: { kind: 'counter', unit: '{request}', description: 'Requests no terminal answered in time.' },
  fep_response_mismatches: { kind: 'counter', unit: '{response}', description: 'Responses that answer no open request.' },
  fep_commands: { kind: 'counter', unit: '{command}', description: 'Commands that reached a state.', labels: ['state'], zeros: [{ state: 'unknown' }] },
  fep_manifests: { kind: 'counter', unit: '{question}', description: 'Questions for module manifests by how they ended: answered, failed (asked again later).', labels: ['result'], zeros: [{ result: 'answered' }, { result: 'failed' }] },
  fep_key_updates: { kind: 'counter', unit: '{turn}', description: 'Turns of key updates by how they ended: over, renewing a session, later, failed.', labels: ['result'] },
  fep_firmware_transfers: { kind: 'counter', unit: '{transfer}', description: 'Firmware transfers that reached a final state.', labels: ['state'] },
  fep_broadcasts: { kind: 'counter', unit: '{terminal}', description: 'Terminals that clock broadcasts were handed to.' },
  fep_collection_tasks: { kind: 'counter', unit: '{task}', description: 'Collection tasks by result.', labels: ['result'] },
  fep_collection_attempts: { kind: 'counter', unit: '{meter}', description: 'Meters asked for by requests of the collection, the first for a meter and time or a repeat, by what came: answered, late, unanswered.', labels: ['attempt', 'result'] },
  fep_collection_behind: { kind: 'gauge', unit: '{pass}', description: 'Collection passes that go on after their job was given back, because answers are waited for.' },
  fep_collection_gaps: { kind: 'gauge', unit: '{gap}', description: 'Meter and time slots due and still missing.' },
  fep_secure_sessions: { kind: 'gauge', unit: '{session}', description: 'Terminals with a live secured session at this front end.' },

  // crypto-machine
  crypto_operations: { kind: 'counter', unit: '{operation}', description: 'Operations by kind and result.', labels: ['operation', 'result'] },
  crypto_handshakes: { kind: 'counter', unit: '{handshake}', description: 'Session negotiations by mode and result.', labels: ['mode', 'result'] },
  crypto_shares_missing: { kind: 'gauge', unit: '{share}', description: 'Shares of the master key a sealed crypto machine waits for; 0 when it is open.' },
  crypto_sessions: { kind: 'gauge', unit: '{session}', description: 'Live secured sessions.' },
  crypto_marks_on_record: { kind: 'gauge', unit: '{mark}', description: 'Marks of replay windows that are only on record; folded into windows every 500,000: many more mean that the database refuses to keep windows.' },
  crypto_open_seconds: { kind: 'histogram', unit: 's', description: 'Opening one record.', buckets: CIPHER_SECONDS },
  crypto_seal_seconds: { kind: 'histogram', unit: 's', description: 'Sealing one record.', buckets: CIPHER_SECONDS },
  crypto_key_updates: { kind: 'counter', unit: '{step}', description: 'Steps of key updates by what they came to; `unreachable`: a device refused both key sets.', labels: ['state'], zeros: [{ state: 'unreachable' }, { state: 'wrong-check-value' }, { state: 'refused' }] },
  crypto_broadcasts: { kind: 'counter', unit: '{broadcast}', description: 'Clock broadcasts asked for, by result: sealed, or why not.', labels: ['result'], zeros: [{ result: 'sealed' }] },
  crypto_manifests: { kind: 'counter', unit: '{manifest}', description: 'Judged module manifests; `suspect`: of a device that is, or became, suspect; `unknown`: no modules are bound.', labels: ['result'], zeros: [{ result: 'bound' }, { result: 'suspect' }, { result: 'unknown' }] },
  crypto_suspect_devices: { kind: 'gauge', unit: '{device}', description: 'Suspect devices: reads only, until administrators bind their modules anew.' },
  crypto_provider_up: { kind: 'gauge', unit: '1', description: '1 while the key provider (software, or the cipher device) serves.' },
  crypto_device_sessions: { kind: 'gauge', unit: '{session}', description: 'Open sessions of the cipher device.' },
  crypto_device_calls: { kind: 'counter', unit: '{call}', description: 'Calls into the library of the cipher device, by function and result.', labels: ['function', 'result'] },
  crypto_device_seconds: { kind: 'histogram', unit: 's', description: 'One call into the library of the cipher device.', buckets: SECONDS },
  crypto_device_losses: { kind: 'counter', unit: '{loss}', description: 'Times the cipher device was given up and opened anew.' },

  // analytics
  analytics_readings_stored: { kind: 'counter', unit: '{reading}', description: 'Readings stored for the first time.' },
  analytics_duplicates: { kind: 'counter', unit: '{reading}', description: 'Readings delivered again with the value already stored.' },
  analytics_conflicts: { kind: 'counter', unit: '{reading}', description: 'Readings with another value for an identity already stored.' },
  analytics_dead_letters: { kind: 'counter', unit: '{letter}', description: 'What no schema accepts, kept in the dead-letter table.' },
  analytics_store_seconds: { kind: 'histogram', unit: 's', description: 'Storing one batch, commit included.', buckets: SECONDS },
  analytics_batch_rows: { kind: 'histogram', unit: '{reading}', description: 'Readings in one stored batch.', buckets: ROWS },
  analytics_latency_seconds: { kind: 'histogram', unit: 's', description: 'From the receipt of readings to their commit.', buckets: SECONDS },
  analytics_days_tidied: { kind: 'counter', unit: '{day}', description: 'Closed days whose readings were put in the order of the meters; `busy`: tried again later.', labels: ['result'], zeros: [{ result: 'done' }, { result: 'busy' }, { result: 'failed' }] },
  analytics_days_dropped: { kind: 'counter', unit: '{day}', description: 'Days of readings dropped by age (ZHUZHAN_KEEP_READINGS_DAYS).' },
  analytics_webhook_attempts: { kind: 'counter', unit: '{attempt}', description: 'Attempts to bring a notice to an endpoint; `given-up`: no other follows.', labels: ['outcome'], zeros: [{ outcome: 'delivered' }, { outcome: 'failed' }, { outcome: 'given-up' }] },
  analytics_job_seconds: { kind: 'histogram', unit: 's', description: 'Time of one analysis job.', labels: ['job'], buckets: SECONDS },

  // queues, in every process that holds one
  queue_depth: { kind: 'gauge', unit: '{job}', description: 'Jobs in a queue by state.', labels: ['queue', 'state'] },
  queue_errors: { kind: 'counter', unit: '{error}', description: 'Errors of queue objects: connection lost, server refuses, lock lost.', labels: ['queue'] },
  queue_attempts_failed: { kind: 'counter', unit: '{attempt}', description: 'Attempts at a job that failed and are repeated.', labels: ['queue', 'job'] },
  queue_jobs_redriven: { kind: 'counter', unit: '{job}', description: 'Failed jobs put back to work; each was an alarm.', labels: ['queue'] },
  queue_store_durable: { kind: 'gauge', unit: '1', description: '1 while the store of the queues confirms only what is on disk.' },

  // operator-api
  api_requests: { kind: 'counter', unit: '{request}', description: 'REST requests by route and status.', labels: ['method', 'route', 'status'] },
  api_request_seconds: { kind: 'histogram', unit: 's', description: 'Answer time of REST requests.', labels: ['method', 'route'], buckets: SECONDS },
  api_logins_refused: { kind: 'counter', unit: '{login}', description: 'Logins refused.' },
  api_feed_clients: { kind: 'gauge', unit: '{client}', description: 'Open live feeds (WebSocket).' },
} as const satisfies Record<string, MetricRow>

/** Whose metrics a service shows from its start, zeros included. */
export const PREFIX_OF_SERVICE: Readonly<Record<string, string>> = {
  'gateway-type1': 'gateway_',
  'front-end-processor': 'fep_',
  'crypto-machine': 'crypto_',
  analytics: 'analytics_',
  'operator-api': 'api_',
}

export type MetricName = keyof typeof METRICS
type NamesOf<K extends MetricRow['kind']> = { [N in MetricName]: (typeof METRICS)[N]['kind'] extends K ? N : never }[MetricName]
export type CounterName = NamesOf<'counter'>
export type GaugeName = NamesOf<'gauge'>
export type HistogramName = NamesOf<'histogram'>

/** Label values of one metric, by the names in its row; `Record<never, …>` for a metric without labels. */
export type LabelsOf<N extends MetricName> = (typeof METRICS)[N] extends { labels: readonly (infer L extends string)[] } ? Record<L, string> : Record<never, string>

/** The name on the Prometheus page. */
export function prometheusName(name: MetricName): string {
  return `zhuzhan_${name}${METRICS[name].kind === 'counter' ? '_total' : ''}`
}
