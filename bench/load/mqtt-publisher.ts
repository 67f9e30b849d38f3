import mqtt from 'mqtt'
import type { MqttClient } from 'mqtt'

/** The foil's terminals, a program of its own: as many connections, as many messages under way, the same three values a message. */
const [, , brokerUrl, clientsText, messagesText, windowText, fromText] = process.argv as [string, string, string, string, string, string, string]
const [clients, messages, window, from] = [Number(clientsText), Number(messagesText), Number(windowText), Number(fromText)]
const terminals: MqttClient[] = []
const payloads: string[][] = []
let confirmed = 0

for (let n = 0; n < clients; n += 1) {
  terminals.push(await mqtt.connectAsync(brokerUrl, { clientId: `t${n}`, clean: true, protocolVersion: 5 }))
  payloads.push(Array.from({ length: messages }, (_, m) => JSON.stringify({
    meter: n + 1, time: from + m * 60_000, values: [[0x00100201, (1000 + m / 100).toFixed(2)], [0x20000201, (220 + (m % 100) / 10).toFixed(1)], [0x20040201, (500 + (m % 1000) / 10).toFixed(1)]],
  })))
}
process.send?.('ready')
process.once('message', () => {
  const begun = performance.now()
  for (const [n, client] of terminals.entries()) {
    const mine = payloads[n]!
    let next = 0
    const more = (): void => {
      const payload = mine[next++]
      if (payload === undefined) return
      client.publish('reports', payload, { qos: 1 }, () => {
        confirmed += 1
        if (confirmed === clients * messages) process.send?.({ seconds: (performance.now() - begun) / 1_000 })
        else more()
      })
    }
    for (let w = 0; w < window; w += 1) more()
  }
})
process.on('disconnect', () => process.exit(0))
