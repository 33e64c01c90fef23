// KafkaJS. See ../kit.py for how it is called.
'use strict'

const {
  Kafka, CompressionCodecs, CompressionTypes, ConfigResourceTypes, logLevel,
} = require('kafkajs')
const assert = require('node:assert')

const SESSION_MS = 6000
const LIMIT_MS = 30000

class Cannot extends Error {}

const cannot = why => async () => { throw new Cannot(why) }

/** KafkaJS brings gzip; the others are packages of their own. */
async function addCodecs() {
  const snappy = require('kafkajs-snappy')
  const Lz4 = require('kafkajs-lz4')
  const { Zstd } = await import(require.resolve('@hpcc-js/wasm-zstd').replace(/^/, 'file://'))
  const zstd = await Zstd.load()
  CompressionCodecs[CompressionTypes.Snappy] = snappy
  CompressionCodecs[CompressionTypes.LZ4] = new Lz4().codec
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async encoder => Buffer.from(zstd.compress(encoder.buffer)),
    decompress: async buffer => Buffer.from(zstd.decompress(buffer)),
  })
}

const sleep = ms => new Promise(done => setTimeout(done, ms))

async function until(condition, what) {
  const end = Date.now() + LIMIT_MS
  while (!await condition()) {
    assert(Date.now() < end, what)
    await sleep(50)
  }
}

async function refused(type, action) {
  try {
    await action
  } catch (error) {
    const found = [error, error.cause, ...(error.errors || [])].map(each => each?.type || each?.name)
    assert(found.includes(type), `${found} instead of ${type}`)
    return
  }
  throw new Error(`no error, ${type} expected`)
}

const values = count => Array.from({ length: count }, (_, number) =>
  `${String(number).padStart(5, '0')} a value that shrinks when it is compressed, compressed, compressed`)

/** Clients on one broker, all of them disconnected at the end. */
class Bench {
  constructor(args) {
    this.args = args
    this.prefix = args.prefix
    this.kafka = new Kafka({
      brokers: [args.bootstrap], clientId: 'conformance', logLevel: logLevel.ERROR,
      retry: { initialRetryTime: 50, retries: 8 },
    })
    this.clients = []
  }

  async connected(client) {
    this.clients.push(client)
    await client.connect()
    return client
  }

  admin() {
    return this.connected(this.kafka.admin())
  }

  producer(options = {}) {
    return this.connected(this.kafka.producer({ allowAutoTopicCreation: false, ...options }))
  }

  consumer(groupId, options = {}) {
    const times = { sessionTimeout: SESSION_MS, heartbeatInterval: 1000, maxWaitTimeInMs: 100 }
    return this.connected(this.kafka.consumer({ groupId, ...times, ...options }))
  }

  async topic(suffix = '', partitions = 1, config = {}) {
    const topic = this.prefix + suffix
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
    const admin = await this.admin()
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: true })
    return topic
  }

  async write(topic, list, options = {}, producer) {
    const client = producer || await this.producer()
    await client.send({ topic, messages: list.map(value => ({ value })), ...options })
  }

  /** Reads in a group of its own until there are as many values as the topic has, or as are wanted. */
  async read(topic, count, { isolation = 'read_committed', group, fromBeginning = true, commit } = {}) {
    const readUncommitted = isolation === 'read_uncommitted'
    const reader = await this.consumer(group || `${topic}-${Math.random()}`, { readUncommitted })
    const found = []
    await reader.subscribe({ topic, fromBeginning })
    await reader.run({
      autoCommit: false,
      eachMessage: async ({ message, partition }) => {
        if (found.length < count) found.push(message.value.toString())
        if (found.length === count && commit) {
          await reader.commitOffsets([{ topic, partition, offset: `${Number(message.offset) + 1}`, metadata: commit }])
          commit = undefined
        }
      },
    })
    await until(() => found.length >= count && !commit, `${found.length} of ${count} came`)
    // What must not come would come now.
    await sleep(200)
    await reader.disconnect()
    return found
  }

  async close() {
    await Promise.all(this.clients.map(client => client.disconnect().catch(() => {})))
  }
}

const NAMES = { none: 'None', gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' }

async function codec(bench, name) {
  await addCodecs()
  const at = await bench.topic()
  await bench.write(at, values(1000), { compression: CompressionTypes[NAMES[name]] })
  assert.deepEqual(await bench.read(at, 1000), values(1000))
}

async function resume(bench) {
  const at = await bench.topic()
  await bench.write(at, values(100))
  assert.deepEqual(await bench.read(at, 40, { group: at, commit: 'forty' }), values(100).slice(0, 40))
  assert.deepEqual(await bench.read(at, 60, { group: at }), values(100).slice(40))
  const [{ partitions: [committed] }] = await (await bench.admin()).fetchOffsets({ groupId: at, topics: [at] })
  assert.deepEqual([committed.offset, committed.metadata], ['40', 'forty'])
  assert.deepEqual(await bench.read(at, 100, { group: `${at}-other` }), values(100))
}

async function replay(bench) {
  const at = await bench.topic()
  const start = 1700000000000
  const messages = values(100).map((value, number) => ({ value, timestamp: `${start + number * 1000}` }))
  await (await bench.producer()).send({ topic: at, messages })
  const admin = await bench.admin()
  await bench.read(at, 100, { group: at, commit: 'all' })
  const [found] = await admin.fetchTopicOffsetsByTimestamp(at, start + 70000)
  assert.equal(found.offset, '70')
  await admin.setOffsets({ groupId: at, topic: at, partitions: [found] })
  assert.deepEqual(await bench.read(at, 30, { group: at }), values(100).slice(70))
  await admin.resetOffsets({ groupId: at, topic: at, earliest: true })
  assert.deepEqual(await bench.read(at, 100, { group: at }), values(100))
}

async function idempotence(bench) {
  const at = await bench.topic()
  const producer = await bench.producer({ idempotent: true, maxInFlightRequests: 1 })
  for (let first = 0; first < 1000; first += 20) {
    await bench.write(at, values(1000).slice(first, first + 20), { acks: -1 }, producer)
  }
  assert.deepEqual(await bench.read(at, 1000), values(1000))
}

async function transactions(bench) {
  const source = await bench.topic('-in', 2)
  const sink = await bench.topic('-out', 2)
  const all = values(200)
  const half = all.map((value, number) => ({ value, partition: number % 2 }))
  await (await bench.producer()).send({ topic: source, messages: half })
  const producer = await bench.producer({ transactionalId: bench.prefix, idempotent: true, maxInFlightRequests: 1 })
  const reader = await bench.consumer(bench.prefix, { maxBytesPerPartition: 1024 })
  let rounds = 0, aborted = 0, done = 0
  await reader.subscribe({ topic: source, fromBeginning: true })
  await reader.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset }) => {
      const messages = batch.messages.slice(0, 20)
      const last = messages[messages.length - 1].offset
      rounds += 1
      const transaction = await producer.transaction()
      await transaction.send({ topic: sink, messages: messages.map(({ value }) => ({ value })) })
      const partitions = [{ partition: batch.partition, offset: `${Number(last) + 1}` }]
      await transaction.sendOffsets({ consumerGroupId: bench.prefix, topics: [{ topic: source, partitions }] })
      if (rounds % 3 === 0) {
        aborted += 1
        await transaction.abort()
        // Nothing is resolved: the same messages come again.
        reader.seek({ topic: source, partition: batch.partition, offset: messages[0].offset })
      } else {
        await transaction.commit()
        resolveOffset(last)
        if (messages.length < batch.messages.length) {
          reader.seek({ topic: source, partition: batch.partition, offset: `${Number(last) + 1}` })
        }
        done += messages.length
      }
    },
  })
  await until(() => done >= all.length, `${done} of ${all.length} processed`)
  await reader.disconnect()
  assert.deepEqual((await bench.read(sink, all.length)).sort(), all)
  const admin = await bench.admin()
  const committed = async () => {
    const [{ partitions }] = await admin.fetchOffsets({ groupId: bench.prefix, topics: [source] })
    return partitions.reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0)
  }
  // A commit is answered before its markers are written.
  await until(async () => await committed() === all.length, 'not all is committed')
  const dirty = await bench.read(sink, all.length + 1, { isolation: 'read_uncommitted' })
  assert(dirty.length > all.length)
  return `${rounds} transactions, ${aborted} aborted`
}

async function readCommitted(bench) {
  const at = await bench.topic()
  const producer = await bench.producer({ transactionalId: at, idempotent: true, maxInFlightRequests: 1 })
  let open
  for (const [value, end] of [['a', 'commit'], ['b', 'abort'], ['c', 'commit'], ['d', '']]) {
    open = await producer.transaction()
    await open.send({ topic: at, messages: [{ value }] })
    if (end) await open[end]()
  }
  await bench.write(at, ['e'])
  assert.deepEqual(await bench.read(at, 2), ['a', 'c'])
  const dirty = { isolation: 'read_uncommitted' }
  assert.deepEqual(await bench.read(at, 5, dirty), ['a', 'b', 'c', 'd', 'e'])
  await open.commit()
  assert.deepEqual(await bench.read(at, 4), ['a', 'c', 'd', 'e'])
}

async function fencing(bench) {
  const at = await bench.topic()
  const options = { transactionalId: at, idempotent: true, maxInFlightRequests: 1, retry: { retries: 2 } }
  const old = await (await bench.producer(options)).transaction()
  await old.send({ topic: at, messages: [{ value: 'old' }] })
  const young = await (await bench.producer(options)).transaction()
  await assert.rejects(old.commit(), error => /INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/.test(error.type))
  await young.send({ topic: at, messages: [{ value: 'new' }] })
  await young.commit()
  assert.deepEqual(await bench.read(at, 1), ['new'])
}

async function topics(bench) {
  const at = await bench.topic('', 2)
  const admin = await bench.admin()
  await admin.createPartitions({ topicPartitions: [{ topic: at, count: 4 }] })
  const { topics: [described] } = await admin.fetchTopicMetadata({ topics: [at] })
  assert.equal(described.partitions.length, 4)
  const messages = ['a', 'b'].map(value => ({ value, partition: 3 }))
  await (await bench.producer()).send({ topic: at, messages })
  const ends = await admin.fetchTopicOffsets(at)
  assert.equal(ends.find(({ partition }) => partition === 3).high, '2')
  await admin.deleteTopics({ topics: [at] })
  assert(!(await admin.listTopics()).includes(at))
}

async function configs(bench) {
  const at = await bench.topic('', 1, { 'retention.ms': '100000' })
  const admin = await bench.admin()
  const resource = { type: ConfigResourceTypes.TOPIC, name: at }
  const retention = async () => {
    const { resources: [found] } = await admin.describeConfigs({ resources: [resource] })
    return found.configEntries.find(({ configName }) => configName === 'retention.ms').configValue
  }
  assert.equal(await retention(), '100000')
  // The old way: all that is not named goes back to its default.
  const configEntries = [{ name: 'retention.ms', value: '200000' }]
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
  assert.equal(await retention(), '200000')
}

async function groups(bench) {
  const at = await bench.topic()
  await bench.write(at, values(10))
  const admin = await bench.admin()
  await bench.read(at, 10, { group: at, commit: 'ten' })
  const member = await bench.consumer(at)
  let joined = false
  member.on(member.events.GROUP_JOIN, () => { joined = true })
  await member.subscribe({ topic: at })
  await member.run({ autoCommit: false, eachMessage: async () => {} })
  await until(() => joined, 'not joined')
  assert((await admin.listGroups()).groups.some(({ groupId }) => groupId === at))
  const { groups: [described] } = await admin.describeGroups([at])
  assert.deepEqual([described.state, described.members.length], ['Stable', 1])
  await refused('NON_EMPTY_GROUP', admin.deleteGroups([at]).catch(error => { throw error.groups[0].error }))
  await member.disconnect()
  const [{ partitions: [{ offset }] }] = await admin.fetchOffsets({ groupId: at, topics: [at] })
  assert.equal(offset, '10')
  await admin.deleteGroups([at])
  assert(!(await admin.listGroups()).groups.some(({ groupId }) => groupId === at))
}

async function deleteRecords(bench) {
  const at = await bench.topic()
  await bench.write(at, values(100))
  const admin = await bench.admin()
  // It looks for the leader among the topics that it has asked about.
  await admin.fetchTopicOffsets(at)
  await admin.deleteTopicRecords({ topic: at, partitions: [{ partition: 0, offset: '60' }] })
  assert.deepEqual(await bench.read(at, 40), values(100).slice(60))
}

async function errors(bench) {
  const at = await bench.topic('', 1, { 'max.message.bytes': '10000' })
  const admin = await bench.admin()
  const create = (topic, replicationFactor = 1) =>
    admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor }] })
  // It takes a topic that is there for an answer, not for an error.
  assert.equal(await create(at), false)
  await refused('INVALID_TOPIC_EXCEPTION', create('a/b'))
  await refused('INVALID_REPLICATION_FACTOR', create(`${at}-3`, 3))
  await refused('UNKNOWN_TOPIC_OR_PARTITION', admin.deleteTopics({ topics: [`${at}-unknown`] }))
  // It tries that again, as often as it is told to.
  const producer = await bench.producer({ retry: { retries: 1 } })
  await refused('MESSAGE_TOO_LARGE', bench.write(at, ['x'.repeat(20000)], {}, producer))
  const unknown = admin.deleteGroups([`${at}-unknown`]).catch(error => { throw error.groups[0].error })
  await refused('GROUP_ID_NOT_FOUND', unknown)
  return '6 kinds'
}

async function member(args) {
  const bench = new Bench(args)
  const note = (...words) => process.stdout.write(`${[Date.now(), ...words].join(' ')}\n`)
  const client = await bench.consumer(args.group)
  client.on(client.events.GROUP_JOIN, ({ payload }) =>
    note('assigned', ...(payload.memberAssignment[args.topic] || [])))
  await client.subscribe({ topic: args.topic, fromBeginning: true })
  await client.run({
    autoCommit: false,
    eachBatchAutoResolve: true,
    eachBatch: async ({ batch: { topic, partition, messages } }) => {
      const next = Number(messages[messages.length - 1].offset) + 1
      note('read', partition, messages[0].offset, next)
      await client.commitOffsets([{ topic, partition, offset: `${next}` }])
      note('committed', partition, next)
    },
  })
}

const FEATURES = {
  version: async () => `${require('kafkajs/package.json').version}`,
  group: async () => '',
  'group-consumer': cannot('knows the classic protocol only'),
  resume,
  replay,
  idempotence,
  transactions,
  'read-committed': readCommitted,
  fencing,
  topics,
  configs,
  groups,
  'txn-admin': cannot('no such calls'),
  'delete-records': deleteRecords,
  errors,
}

async function check(bench, feature) {
  if (feature.startsWith('codec-')) return codec(bench, feature.slice('codec-'.length))
  return FEATURES[feature](bench)
}

async function main() {
  const words = process.argv.slice(2)
  const feature = words.pop()
  const args = {}
  for (let at = 0; at < words.length; at += 2) args[words[at].slice(2)] = words[at + 1]
  if (feature === 'member') return member(args)
  const bench = new Bench(args)
  const tell = (result, detail) => console.log(JSON.stringify({ result, detail }))
  try {
    const detail = await check(bench, feature)
    tell('pass', detail || '')
  } catch (error) {
    if (!(error instanceof Cannot)) console.error(error)
    tell(error instanceof Cannot ? 'cannot' : 'fail', error.message)
  }
  await bench.close()
  // Timers that the client leaves behind keep nobody waiting.
  process.exit(0)
}

main()
